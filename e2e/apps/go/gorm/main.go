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

	"github.com/pgveil/pgveil/e2e/apps/go/printed"
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
	printed.Show("migrate", nil, db.AutoMigrate(models...))
	write(db)
	read(db)
	change(db)
	transactions(db)
	printed.Show("migrate again", nil, db.AutoMigrate(models...))
	var all []Customer
	printed.Show("all", &all, db.Preload("Orders.Items").Preload("Tags").Order("id").Find(&all).Error)
	types, err := db.Migrator().ColumnTypes(&Customer{})
	for _, c := range types {
		length, _ := c.Length()
		null, _ := c.Nullable()
		unique, _ := c.Unique()
		printed.Show("column "+c.Name(), []any{c.DatabaseTypeName(), length, null, unique}, err)
	}
	printed.Show("drop column", nil, db.Migrator().DropColumn(&Customer{}, "Note"))
	printed.Show("has column", db.Migrator().HasColumn(&Customer{}, "Note"), nil)
	printed.Show("has index", db.Migrator().HasIndex(&Customer{}, "idx_customers_email"), nil)
}

func write(db *gorm.DB) {
	one := person(1)
	printed.Show("create", &one, db.Create(&one).Error)
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
	printed.Show("create many with associations", &many, db.CreateInBatches(&many, 4).Error)
	printed.Show("nulls", nil, db.Create(&Customer{Name: "Nil", Email: "nil@example.org", Credit: "0", Profile: json.RawMessage("null")}).Error)
	printed.Show("from a map", nil, db.Model(&Customer{}).Create(map[string]any{"name": "Map", "email": "map@example.org", "credit": "7.25"}).Error)
	twice := person(1)
	err := db.Create(&twice).Error
	printed.Show("a duplicate", errors.Is(err, gorm.ErrDuplicatedKey), nil)
	again := person(1)
	again.Name, again.Credit = "Renamed", "1.00"
	printed.Show("upsert", &again, db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "email"}}, DoUpdates: clause.AssignmentColumns([]string{"name", "credit", "phone"})}).Create(&again).Error)
	r := db.Clauses(clause.OnConflict{DoNothing: true}).Create(ptr(person(2)))
	printed.Show("do nothing", r.RowsAffected, r.Error)
}

func read(db *gorm.DB) {
	var c Customer
	printed.Show("by email", &c, db.Where("email = ?", "person03@example.org").First(&c).Error)
	var list []Customer
	printed.Show("by struct", &list, db.Where(&Customer{Email: "person04@example.org"}).Find(&list).Error)
	printed.Show("in", &list, db.Where("email IN ?", []string{"person05@example.org", "person06@example.org", "nobody"}).Order("id").Find(&list).Error)
	printed.Show("or", &list, db.Where("phone = ?", "+49 30 0007").Or("born = ?", "1968-03-09").Order("id").Find(&list).Error)
	printed.Show("not", &list, db.Not("email = ?", "person01@example.org").Where("phone IS NOT NULL").Order("id desc").Limit(2).Find(&list).Error)
	printed.Show("seen", &list, db.Where("seen = ?", when.Add(9*time.Hour)).Find(&list).Error)
	for page := range 3 {
		printed.Show(fmt.Sprint("page ", page), &list, db.Order("name, id").Offset(page*5).Limit(5).Find(&list).Error)
	}
	var n int64
	printed.Show("count", &n, db.Model(&Customer{}).Where("email <> ?", "x").Count(&n).Error)
	printed.Show("count distinct", &n, db.Model(&Customer{}).Distinct("phone").Count(&n).Error)
	var emails []string
	printed.Show("pluck", &emails, db.Model(&Customer{}).Order("id").Pluck("email", &emails).Error)
	var rows []map[string]any
	printed.Show("join", &rows, db.Table("orders").Select("orders.id, customers.email, orders.total, orders.status").Joins("JOIN customers ON customers.id = orders.customer_id").
		Where("customers.email = ?", "person08@example.org").Order("orders.id").Find(&rows).Error)
	var orders []Order
	printed.Show("joins preload", &orders, db.Joins("Customer").Where(`"Customer"."email" = ?`, "person05@example.org").Order("orders.id").Find(&orders).Error)
	printed.Show("preload", &list, db.Preload("Orders", "status = ?", "new").Preload("Tags").Where("email = ?", "person08@example.org").Find(&list).Error)
	type group struct {
		Email string
		N     int
	}
	var groups []group
	printed.Show("group", &groups, db.Model(&Customer{}).Select("customers.email, count(orders.id) AS n").Joins("LEFT JOIN orders ON orders.customer_id = customers.id").
		Group("customers.id, customers.email").Having("count(orders.id) > ?", 1).Order("customers.id").Scan(&groups).Error)
	var tagged []Customer
	printed.Show("association", &tagged, db.Model(&Tag{ID: 1}).Order("id").Association("Customers").Error)
	printed.Show("subquery", &list, db.Where("id IN (?)", db.Model(&Order{}).Select("customer_id").Where("status = ?", "new")).Order("id").Limit(3).Find(&list).Error)
	printed.Show("not found", nil, db.Where("email = ?", "none").First(&c).Error)
	printed.Show("raw", &rows, db.Raw("SELECT email, born, credit FROM customers WHERE email = @email", map[string]any{"email": "person09@example.org"}).Scan(&rows).Error)
	printed.Show("first or init", &c, db.Where(Customer{Email: "init@example.org"}).FirstOrInit(&c).Error)
	created := Customer{}
	printed.Show("first or create", &created, db.Where(Customer{Email: "foc@example.org"}).Attrs(Customer{Name: "Foc", Credit: "3.00", Profile: json.RawMessage(`{}`)}).FirstOrCreate(&created).Error)
	var batch []Customer
	printed.Show("in batches", nil, db.Where("phone IS NOT NULL").FindInBatches(&batch, 5, func(tx *gorm.DB, n int) error {
		printed.Show(fmt.Sprint("batch ", n), len(batch), nil)
		return nil
	}).Error)
	it, err := db.Model(&Customer{}).Where("email = ?", "person02@example.org").Rows()
	if err == nil {
		for it.Next() {
			var c Customer
			printed.Show("row", &c, db.ScanRows(it, &c))
		}
		it.Close()
	}
	printed.Show("rows", nil, err)
}

func change(db *gorm.DB) {
	r := db.Model(&Customer{}).Where("email = ?", "person02@example.org").Update("phone", "555")
	printed.Show("update", r.RowsAffected, r.Error)
	r = db.Model(&Customer{}).Where("email = ?", "person03@example.org").Updates(map[string]any{"email": "three@example.org", "born": nil, "credit": "9.99"})
	printed.Show("updates", r.RowsAffected, r.Error)
	r = db.Model(&Customer{}).Where("id = ?", 4).Updates(Customer{Phone: ptr("444"), Profile: json.RawMessage(`{"changed": true}`)})
	printed.Show("updates by struct", r.RowsAffected, r.Error)
	var c Customer
	printed.Show("take", nil, db.First(&c, 5).Error)
	c.Email, c.Note = "five@example.org", "saved"
	printed.Show("save", &c, db.Save(&c).Error)
	var returned []Customer
	printed.Show("returning", &returned, db.Model(&returned).Clauses(clause.Returning{}).Where("email = ?", "person06@example.org").Update("note", "returned").Error)
	r = db.Where("email = ?", "map@example.org").Delete(&Customer{})
	printed.Show("delete", r.RowsAffected, r.Error)
	r = db.Where("email IN ?", []string{"person10@example.org", "person11@example.org"}).Delete(&Customer{})
	printed.Show("delete with a cascade", r.RowsAffected, r.Error)
}

func transactions(db *gorm.DB) {
	printed.Show("transaction", nil, db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(ptr(person(20))).Error; err != nil {
			return err
		}
		printed.Show("nested", nil, tx.Transaction(func(inner *gorm.DB) error {
			printed.Show("inside", nil, inner.Create(ptr(person(21))).Error)
			return errors.New("rolled back")
		}))
		var c Customer
		return tx.Clauses(clause.Locking{Strength: "UPDATE"}).Where("email = ?", "person20@example.org").First(&c).Error
	}))
	tx := db.Begin()
	printed.Show("savepoint", nil, tx.SavePoint("here").Error)
	printed.Show("duplicate in it", tx.Create(ptr(person(20))).Error != nil, nil)
	printed.Show("back", nil, tx.RollbackTo("here").Error)
	printed.Show("rollback", nil, tx.Rollback().Error)
	var n int64
	printed.Show("both", &n, db.Model(&Customer{}).Where("email IN ?", []string{"person20@example.org", "person21@example.org"}).Count(&n).Error)
}
