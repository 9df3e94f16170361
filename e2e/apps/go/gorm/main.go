// Command gorm is an application on GORM that was written for a plain database: AutoMigrate, associations, scopes, upserts and
// transactions. It prints all that it sees.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
)

type Customer struct {
	ID      uint            `gorm:"primaryKey"`
	Name    string          `gorm:"not null;index"`
	Email   string          `gorm:"type:text;not null;uniqueIndex"`
	Phone   *string         `gorm:"type:varchar(20);index"`
	Born    *time.Time      `gorm:"type:date"`
	Credit  string          `gorm:"type:numeric(12,2);not null;default:0"`
	Profile json.RawMessage `gorm:"type:jsonb"`
	Active  bool            `gorm:"type:boolean;not null;default:true"`
	Seen    *time.Time      `gorm:"type:timestamptz"`
	Note    string
	Orders  []Order
	Tags    []Tag `gorm:"many2many:customer_tags"`
}

type Order struct {
	ID         uint     `gorm:"primaryKey"`
	CustomerID uint     `gorm:"not null;index"`
	Customer   Customer `gorm:"constraint:OnDelete:CASCADE"`
	Total      string   `gorm:"type:numeric(10,2);not null"`
	Status     string   `gorm:"type:varchar(10);not null;default:new"`
	Items      []Item
}

type Item struct {
	ID      uint   `gorm:"primaryKey"`
	OrderID uint   `gorm:"not null"`
	Sku     string `gorm:"not null"`
	Count   int
}

type Tag struct {
	ID    uint   `gorm:"primaryKey"`
	Label string `gorm:"uniqueIndex"`
}

var when = time.Date(2024, 2, 29, 12, 30, 0, 123456000, time.UTC)

func show(step string, v any, err error) {
	if err != nil {
		fmt.Printf("%s: error %v\n", step, err)
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %s\n", step, text)
}

func ptr[T any](v T) *T { return &v }

func person(n int) Customer {
	return Customer{Name: fmt.Sprintf("Person %02d", n), Email: fmt.Sprintf("person%02d@example.org", n), Phone: ptr(fmt.Sprintf("+49 30 %04d", n)),
		Born: ptr(time.Date(1960+n, 3, 1+n, 0, 0, 0, 0, time.UTC)), Credit: fmt.Sprintf("%d.50", n*100), Profile: json.RawMessage(fmt.Sprintf(`{"n": %d, "likes": ["tea", "ü"]}`, n)),
		Active: n%3 != 0, Seen: ptr(when.Add(time.Duration(n) * time.Hour)), Note: "note"}
}

func main() {
	db, err := gorm.Open(postgres.Open(os.Getenv("DSN")+" TimeZone=UTC"), &gorm.Config{Logger: logger.Default.LogMode(logger.Silent),
		NowFunc: func() time.Time { return when }, TranslateError: true})
	if err != nil {
		panic(err)
	}
	models := []any{&Customer{}, &Order{}, &Item{}, &Tag{}}
	show("migrate", nil, db.AutoMigrate(models...))
	write(db)
	read(db)
	change(db)
	transactions(db)
	show("migrate again", nil, db.AutoMigrate(models...))
	var all []Customer
	show("all", &all, db.Preload("Orders.Items").Preload("Tags").Order("id").Find(&all).Error)
	types, err := db.Migrator().ColumnTypes(&Customer{})
	for _, c := range types {
		length, _ := c.Length()
		null, _ := c.Nullable()
		unique, _ := c.Unique()
		show("column "+c.Name(), []any{c.DatabaseTypeName(), length, null, unique}, err)
	}
	show("drop column", nil, db.Migrator().DropColumn(&Customer{}, "Note"))
	show("has column", db.Migrator().HasColumn(&Customer{}, "Note"), nil)
	show("has index", db.Migrator().HasIndex(&Customer{}, "idx_customers_email"), nil)
}

func write(db *gorm.DB) {
	one := person(1)
	show("create", &one, db.Create(&one).Error)
	many := []Customer{}
	for n := 2; n <= 12; n++ {
		c := person(n)
		for o := 0; o < n%3; o++ {
			c.Orders = append(c.Orders, Order{Total: fmt.Sprintf("%d.%02d", n*10+o, o), Items: []Item{{Sku: "tea", Count: o + 1}, {Sku: "cup", Count: n}}})
		}
		if n%2 == 0 {
			c.Tags = []Tag{{ID: 1, Label: "even"}}
		}
		many = append(many, c)
	}
	show("create many with associations", &many, db.CreateInBatches(&many, 4).Error)
	show("nulls", nil, db.Create(&Customer{Name: "Nil", Email: "nil@example.org", Credit: "0", Profile: json.RawMessage("null")}).Error)
	show("from a map", nil, db.Model(&Customer{}).Create(map[string]any{"name": "Map", "email": "map@example.org", "credit": "7.25"}).Error)
	twice := person(1)
	err := db.Create(&twice).Error
	show("a duplicate", errors.Is(err, gorm.ErrDuplicatedKey), nil)
	again := person(1)
	again.Name, again.Credit = "Renamed", "1.00"
	show("upsert", &again, db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "email"}}, DoUpdates: clause.AssignmentColumns([]string{"name", "credit", "phone"})}).Create(&again).Error)
	r := db.Clauses(clause.OnConflict{DoNothing: true}).Create(ptr(person(2)))
	show("do nothing", r.RowsAffected, r.Error)
}

func read(db *gorm.DB) {
	var c Customer
	show("by email", &c, db.Where("email = ?", "person03@example.org").First(&c).Error)
	var list []Customer
	show("by struct", &list, db.Where(&Customer{Email: "person04@example.org"}).Find(&list).Error)
	show("in", &list, db.Where("email IN ?", []string{"person05@example.org", "person06@example.org", "nobody"}).Order("id").Find(&list).Error)
	show("or", &list, db.Where("phone = ?", "+49 30 0007").Or("born = ?", "1968-03-09").Order("id").Find(&list).Error)
	show("not", &list, db.Not("email = ?", "person01@example.org").Where("phone IS NOT NULL").Order("id desc").Limit(2).Find(&list).Error)
	show("seen", &list, db.Where("seen = ?", when.Add(9*time.Hour)).Find(&list).Error)
	for page := range 3 {
		show(fmt.Sprint("page ", page), &list, db.Order("name, id").Offset(page*5).Limit(5).Find(&list).Error)
	}
	var n int64
	show("count", &n, db.Model(&Customer{}).Where("email <> ?", "x").Count(&n).Error)
	show("count distinct", &n, db.Model(&Customer{}).Distinct("phone").Count(&n).Error)
	var emails []string
	show("pluck", &emails, db.Model(&Customer{}).Order("id").Pluck("email", &emails).Error)
	var rows []map[string]any
	show("join", &rows, db.Table("orders").Select("orders.id, customers.email, orders.total, orders.status").Joins("JOIN customers ON customers.id = orders.customer_id").
		Where("customers.email = ?", "person08@example.org").Order("orders.id").Find(&rows).Error)
	var orders []Order
	show("joins preload", &orders, db.Joins("Customer").Where(`"Customer"."email" = ?`, "person05@example.org").Order("orders.id").Find(&orders).Error)
	show("preload", &list, db.Preload("Orders", "status = ?", "new").Preload("Tags").Where("email = ?", "person08@example.org").Find(&list).Error)
	type group struct {
		Email string
		N     int
	}
	var groups []group
	show("group", &groups, db.Model(&Customer{}).Select("customers.email, count(orders.id) AS n").Joins("LEFT JOIN orders ON orders.customer_id = customers.id").
		Group("customers.id, customers.email").Having("count(orders.id) > ?", 1).Order("customers.id").Scan(&groups).Error)
	var tagged []Customer
	show("association", &tagged, db.Model(&Tag{ID: 1}).Order("id").Association("Customers").Error)
	show("subquery", &list, db.Where("id IN (?)", db.Model(&Order{}).Select("customer_id").Where("status = ?", "new")).Order("id").Limit(3).Find(&list).Error)
	show("not found", nil, db.Where("email = ?", "none").First(&c).Error)
	show("raw", &rows, db.Raw("SELECT email, born, credit FROM customers WHERE email = @email", map[string]any{"email": "person09@example.org"}).Scan(&rows).Error)
	show("first or init", &c, db.Where(Customer{Email: "init@example.org"}).FirstOrInit(&c).Error)
	created := Customer{}
	show("first or create", &created, db.Where(Customer{Email: "foc@example.org"}).Attrs(Customer{Name: "Foc", Credit: "3.00", Profile: json.RawMessage(`{}`)}).FirstOrCreate(&created).Error)
	var batch []Customer
	show("in batches", nil, db.Where("phone IS NOT NULL").FindInBatches(&batch, 5, func(tx *gorm.DB, n int) error {
		show(fmt.Sprint("batch ", n), len(batch), nil)
		return nil
	}).Error)
	it, err := db.Model(&Customer{}).Where("email = ?", "person02@example.org").Rows()
	if err == nil {
		for it.Next() {
			var c Customer
			show("row", &c, db.ScanRows(it, &c))
		}
		it.Close()
	}
	show("rows", nil, err)
}

func change(db *gorm.DB) {
	r := db.Model(&Customer{}).Where("email = ?", "person02@example.org").Update("phone", "555")
	show("update", r.RowsAffected, r.Error)
	r = db.Model(&Customer{}).Where("email = ?", "person03@example.org").Updates(map[string]any{"email": "three@example.org", "born": nil, "credit": "9.99"})
	show("updates", r.RowsAffected, r.Error)
	r = db.Model(&Customer{}).Where("id = ?", 4).Updates(Customer{Phone: ptr("444"), Profile: json.RawMessage(`{"changed": true}`)})
	show("updates by struct", r.RowsAffected, r.Error)
	var c Customer
	show("take", nil, db.First(&c, 5).Error)
	c.Email, c.Note = "five@example.org", "saved"
	show("save", &c, db.Save(&c).Error)
	var returned []Customer
	show("returning", &returned, db.Model(&returned).Clauses(clause.Returning{}).Where("email = ?", "person06@example.org").Update("note", "returned").Error)
	r = db.Where("email = ?", "map@example.org").Delete(&Customer{})
	show("delete", r.RowsAffected, r.Error)
	r = db.Where("email IN ?", []string{"person10@example.org", "person11@example.org"}).Delete(&Customer{})
	show("delete with a cascade", r.RowsAffected, r.Error)
}

func transactions(db *gorm.DB) {
	show("transaction", nil, db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(ptr(person(20))).Error; err != nil {
			return err
		}
		show("nested", nil, tx.Transaction(func(inner *gorm.DB) error {
			show("inside", nil, inner.Create(ptr(person(21))).Error)
			return errors.New("rolled back")
		}))
		var c Customer
		return tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("email = ?", "person20@example.org").First(&c).Error
	}))
	tx := db.Begin()
	show("savepoint", nil, tx.SavePoint("here").Error)
	show("duplicate in it", tx.Create(ptr(person(20))).Error != nil, nil)
	show("back", nil, tx.RollbackTo("here").Error)
	show("rollback", nil, tx.Rollback().Error)
	var n int64
	show("both", &n, db.Model(&Customer{}).Where("email IN ?", []string{"person20@example.org", "person21@example.org"}).Count(&n).Error)
}
