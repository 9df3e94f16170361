"""An application on SQLAlchemy that was written for a plain database: tables from its metadata, reflection, Alembic's comparison of the database with
the model, migrations by Alembic's operations, its ORM with relations and savepoints. It prints all that it sees."""
import datetime
import decimal
import json
import re

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Session, declarative_base, joinedload, relationship, selectinload

Base = declarative_base()


class Customer(Base):
    __tablename__ = 'customers'
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String(80), nullable=False, index=True)
    email = sa.Column(sa.Text, nullable=False, unique=True)
    phone = sa.Column(sa.String(20), index=True)
    born = sa.Column(sa.Date, index=True)
    credit = sa.Column(sa.Numeric(12, 2), nullable=False, server_default='0')
    profile = sa.Column(pg.JSONB)
    active = sa.Column(sa.Boolean, nullable=False, server_default=sa.true())
    seen = sa.Column(sa.DateTime(timezone=True))
    orders = relationship('Order', back_populates='customer', order_by='Order.id', cascade='all, delete-orphan')


class Order(Base):
    __tablename__ = 'orders'
    id = sa.Column(sa.Integer, primary_key=True)
    customer_id = sa.Column(sa.ForeignKey('customers.id', ondelete='CASCADE'), nullable=False, index=True)
    total = sa.Column(sa.Numeric(10, 2), nullable=False)
    status = sa.Column(sa.String(10), nullable=False, server_default='new')
    customer = relationship('Customer', back_populates='orders')


def plain(v):
    if isinstance(v, Base):
        return {c.name: plain(getattr(v, c.name)) for c in v.__table__.columns}
    if isinstance(v, (decimal.Decimal, datetime.date, datetime.datetime)):
        return str(v)
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple, sa.engine.Row)):
        return [plain(x) for x in v]
    return v if v is None or isinstance(v, (int, float, str, bool)) else re.sub(' at 0x[0-9a-f]+', '', repr(v))


def step(name, act):
    try:
        seen = plain(act())
    except sa.exc.DBAPIError as e:
        seen = {'error': e.orig.pgcode, 'constraint': e.orig.diag.constraint_name}
    print(name + ': ' + json.dumps(seen, ensure_ascii=False, default=repr), flush=True)


def person(n):
    return Customer(name='Person %02d' % n, email='person%d@example.org' % n, phone='+49 30 %d' % (1000 + n), born=datetime.date(1960 + n, 3, 10 + n),
                    credit=decimal.Decimal('%d.50' % (n * 100)), profile={'n': n, 'likes': ['tea', 'ü', "it's"]}, active=n % 3 != 0,
                    seen=datetime.datetime(2024, 2, 29, n, 30, 0, 123000, tzinfo=datetime.timezone.utc))


engine = sa.create_engine('postgresql+psycopg2://', connect_args={'sslmode': 'require'}, future=True)


def named(d):
    """named is what of one difference is the same in each run: what it is, and of what."""
    if isinstance(d, list):
        return [named(x) for x in d]
    return [x if isinstance(x, (str, type(None))) else x.name if hasattr(x, 'name') else plain(x) for x in d if not isinstance(x, dict)]


def difference():
    with engine.connect() as conn:
        return named(compare_metadata(MigrationContext.configure(conn, opts={'compare_type': True, 'compare_server_default': True}), Base.metadata))


def reflection():
    found = sa.inspect(engine)
    for table in ('customers', 'orders'):
        step('columns of ' + table, lambda: found.get_columns(table))
        step('key of ' + table, lambda: found.get_pk_constraint(table))
        step('indexes of ' + table, lambda: sorted(found.get_indexes(table), key=str))
        step('unique in ' + table, lambda: found.get_unique_constraints(table))
        step('checks of ' + table, lambda: found.get_check_constraints(table))
        step('foreign keys of ' + table, lambda: found.get_foreign_keys(table))
    reflected = sa.MetaData()
    step('reflect', lambda: reflected.reflect(engine))
    step('reflected', lambda: [[str(c), repr(c.type), c.nullable, str(c.server_default and c.server_default.arg)] for t in reflected.sorted_tables for c in t.columns])


def write():
    with Session(engine) as s:
        one = person(1)
        s.add(one)
        step('insert', lambda: (s.commit(), one)[1])
        s.add_all([person(n) for n in range(2, 10)])
        step('insert many', lambda: s.commit())
        s.add(Customer(name='Nil', email='nil@example.org'))
        step('defaults', lambda: (s.commit(), s.scalars(sa.select(Customer).filter_by(email='nil@example.org')).one())[1])
        for c in s.scalars(sa.select(Customer).order_by(Customer.id)):
            c.orders = [Order(total=decimal.Decimal('%d.%02d' % (c.id * 10 + o, o)), status='paid' if o else 'new') for o in range(c.id % 3)]
        step('orders', lambda: s.commit())
        s.add(person(1))
        step('a duplicate', lambda: s.commit())
        s.rollback()
        with s.begin_nested() as savepoint:
            s.add(person(20))
            s.flush()
            savepoint.rollback()
        step('savepoint', lambda: s.scalar(sa.select(sa.func.count()).select_from(Customer).where(Customer.email == 'person20@example.org')))
        insert = pg.insert(Customer).values(name='Up', email='person2@example.org', phone='1')
        step('upsert', lambda: s.execute(insert.on_conflict_do_update(index_elements=['email'], set_={'name': insert.excluded.name, 'phone': insert.excluded.phone})
                                         .returning(Customer.id, Customer.phone)).all())
        step('do nothing', lambda: s.execute(insert.on_conflict_do_nothing()).rowcount)
        s.commit()


def read():
    c, o = Customer, Order
    with Session(engine) as s:
        step('by email', lambda: s.scalars(sa.select(c).where(c.email == 'person3@example.org')).one())
        step('in', lambda: s.scalars(sa.select(c).where(c.email.in_(['person5@example.org', 'person6@example.org', 'nobody'])).order_by(c.id)).all())
        step('not in', lambda: s.execute(sa.select(c.email).where(c.email.not_in(['person5@example.org']), c.id < 7).order_by(c.id)).all())
        step('or', lambda: s.scalars(sa.select(c.id).where(sa.or_(c.phone == '+49 30 1005', c.phone.is_(None))).order_by(c.id)).all())
        step('range', lambda: s.scalars(sa.select(c.born).where(c.born.between(datetime.date(1962, 1, 1), datetime.date(1966, 1, 1))).order_by(c.born.desc())).all())
        step('page', lambda: s.scalars(sa.select(c).order_by(c.name, c.id).limit(3).offset(3)).all())
        step('count', lambda: s.scalar(sa.select(sa.func.count(c.phone))))
        step('joined', lambda: [[x.email, [y.total for y in x.orders]] for x in s.scalars(sa.select(c).options(joinedload(c.orders)).order_by(c.id)).unique()])
        step('selectin', lambda: [[x.id, len(x.orders)] for x in s.scalars(sa.select(c).options(selectinload(c.orders)).where(c.orders.any(o.total > 20)).order_by(c.id))])
        step('aggregates', lambda: s.execute(sa.select(o.status, sa.func.max(o.total), sa.func.min(o.total), sa.func.count()).group_by(o.status).order_by(o.status)).all())
        step('window', lambda: s.execute(sa.select(c.email, sa.func.row_number().over(order_by=c.born)).where(c.born.is_not(None)).order_by(c.id).limit(4)).all())
        step('cte', lambda: (lambda q: s.execute(sa.select(q.c.email, o.total).join(o, o.customer_id == q.c.id).order_by(o.id).limit(3)).all())(sa.select(c.id, c.email).cte('q')))
        step('exists', lambda: s.scalar(sa.select(sa.exists().where(c.email == 'person7@example.org'))))
        step('for update', lambda: s.scalars(sa.select(c).where(c.email == 'person8@example.org').with_for_update()).one())
        step('text', lambda: s.execute(sa.text('SELECT email, born FROM customers WHERE email = :e'), {'e': 'person9@example.org'}).all())
        step('case', lambda: s.execute(sa.select(c.id, sa.case((c.email == 'person1@example.org', 'first'), else_='other')).order_by(c.id).limit(2)).all())


def change():
    with Session(engine) as s:
        step('update', lambda: s.execute(sa.update(Customer).where(Customer.email == 'person4@example.org').values(phone='+44', credit=12)
                                         .execution_options(synchronize_session=False)).rowcount)
        one = s.scalars(sa.select(Customer).filter_by(email='person5@example.org')).one()
        one.phone, one.profile, one.born = None, {'n': 'changed'}, None
        step('flush', lambda: (s.commit(), one)[1])
        s.delete(s.scalars(sa.select(Customer).filter_by(email='person7@example.org')).one())
        step('delete', lambda: s.commit())
        step('all', lambda: s.scalars(sa.select(Customer).order_by(Customer.id)).all())


def migrate():
    with engine.begin() as conn:
        op = Operations(MigrationContext.configure(conn))
        step('add column', lambda: op.add_column('customers', sa.Column('note', sa.Text, server_default='x')))
        step('batch', lambda: op.alter_column('customers', 'name', type_=sa.String(120), existing_nullable=False))
        step('default', lambda: op.alter_column('customers', 'phone', server_default='none'))
        step('create index', lambda: op.create_index('customers_seen', 'customers', ['seen', 'id'], unique=True))
        step('rename', lambda: op.alter_column('customers', 'phone', new_column_name='telephone'))
        step('rename back', lambda: op.alter_column('customers', 'telephone', new_column_name='phone'))
    step('what is left to do', difference)
    with engine.begin() as conn:
        op = Operations(MigrationContext.configure(conn))
        step('drop column', lambda: op.drop_column('customers', 'note'))
        step('drop index', lambda: op.drop_index('customers_seen'))
        step('drop default', lambda: op.alter_column('customers', 'phone', server_default=None))
        step('back', lambda: op.alter_column('customers', 'name', type_=sa.String(80), existing_nullable=False))
    step('nothing is left to do', difference)


step('before', lambda: [d[:1] for d in difference()])
step('create', lambda: Base.metadata.create_all(engine))
step('create again', lambda: Base.metadata.create_all(engine))
step('compare', difference)
reflection()
write()
read()
change()
migrate()
