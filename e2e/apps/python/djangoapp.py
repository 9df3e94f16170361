"""An application on Django that was written for a plain database: its own migrations, the ORM with joins, aggregates, upserts and transactions, and
inspectdb, which writes models from what it finds. It prints all that it sees."""
import datetime
import decimal
import io
import json
import os

import django
from django.conf import settings

settings.configure(
    DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE'], 'USER': os.environ['PGUSER'], 'PASSWORD': os.environ['PGPASSWORD'],
                           'HOST': os.environ['PGHOST'], 'PORT': os.environ['PGPORT'], 'OPTIONS': {'sslmode': 'require'}}},
    INSTALLED_APPS=['shop'], USE_TZ=True, TIME_ZONE='UTC', DEFAULT_AUTO_FIELD='django.db.models.AutoField')
django.setup()

from django.core.management import call_command  # noqa: E402 (Django wants its settings first)
from django.db import DatabaseError, IntegrityError, connection, migrations, models, transaction  # noqa: E402
from django.db.migrations.state import ProjectState  # noqa: E402
from django.db.models import Case, Count, Exists, F, Max, Min, OuterRef, Q, Subquery, Sum, Value, When  # noqa: E402

from shop.models import Customer, Order  # noqa: E402


def plain(v):
    if isinstance(v, models.Model):
        return {f.attname: plain(getattr(v, f.attname)) for f in v._meta.concrete_fields}
    if isinstance(v, (decimal.Decimal, datetime.date, datetime.datetime)):
        return str(v)
    if isinstance(v, dict):
        return {str(k): plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple, models.QuerySet)):
        return [plain(x) for x in v]
    return v if v is None or isinstance(v, (int, float, str, bool)) else repr(v)


def step(name, act):
    try:
        with transaction.atomic():
            seen = plain(act())
    except DatabaseError as e:
        seen = {'error': type(e).__name__, 'code': getattr(e.__cause__, 'pgcode', None)}
    print(name + ': ' + json.dumps(seen, ensure_ascii=False), flush=True)


def person(n):
    return Customer(name='Person %02d' % n, email='person%d@example.org' % n, phone='+49 30 %d' % (1000 + n), born=datetime.date(1960 + n, 3, 10 + n),
                    credit=decimal.Decimal('%d.50' % (n * 100)), profile={'n': n, 'likes': ['tea', 'ü', "it's"]}, active=n % 3 != 0,
                    seen=datetime.datetime(2024, 2, 29, n, 30, 0, 123000, tzinfo=datetime.timezone.utc))


def inspectdb():
    out = io.StringIO()
    call_command('inspectdb', stdout=out)
    return out.getvalue().splitlines()


def schema():
    with connection.schema_editor() as editor:
        editor.create_model(Customer)
        editor.create_model(Order)


def constraints():
    with connection.cursor() as c:
        return [sorted((k, plain(v)) for k, v in connection.introspection.get_constraints(c, t).items()) for t in ('customers', 'orders')]


state = ProjectState()
for model in (Customer, Order):
    state.add_model(migrations.state.ModelState.from_model(model))


def altered(operation):
    """altered carries an operation of a migration out, after those before."""
    def act():
        global state
        after = state.clone()
        operation.state_forwards('shop', after)
        with connection.schema_editor() as editor:
            operation.database_forwards('shop', editor, state, after)
        state = after
    return act


step('create', schema)
step('inspectdb', inspectdb)
step('constraints', constraints)

C, O = Customer.objects, Order.objects
step('save', lambda: (lambda p: (p.save(), p)[1])(person(1)))
step('bulk create', lambda: C.bulk_create([person(n) for n in range(2, 13)]))
step('defaults', lambda: C.create(name='Nil', email='nil@example.org'))
step('orders', lambda: O.bulk_create([Order(customer_id=1 + n % 4, total=decimal.Decimal('%d.%02d' % (n * 11, n)), status='paid' if n % 2 else 'new') for n in range(9)]))
step('a duplicate', lambda: person(1).save())
step('ignore conflicts', lambda: len(C.bulk_create([person(1), person(13)], ignore_conflicts=True)))
step('get or create', lambda: C.get_or_create(email='person2@example.org', defaults={'name': 'no'}))
step('update or create', lambda: C.update_or_create(email='person3@example.org', defaults={'name': 'Renamed', 'phone': '3'}))
step('by email', lambda: C.get(email='person4@example.org'))
step('exact', lambda: C.filter(email__exact='person4@example.org').count())
step('in', lambda: C.filter(email__in=['person5@example.org', 'person6@example.org', 'nobody']))
step('exclude', lambda: C.exclude(email='person5@example.org').filter(id__lt=7).values_list('email', flat=True))
step('or', lambda: C.filter(Q(phone='+49 30 1005') | Q(phone=None)).values('id', 'phone'))
step('range', lambda: C.filter(born__range=(datetime.date(1962, 1, 1), datetime.date(1966, 1, 1))).order_by('-born').values_list('born', flat=True))
step('gte', lambda: C.filter(born__gte='1970-01-01').count())
step('page', lambda: C.order_by('name', 'id')[3:6])
step('exists', lambda: C.filter(email='person7@example.org').exists())
step('select related', lambda: [[o.customer.email, o.total] for o in O.select_related('customer')])
step('prefetch', lambda: [[c.email, [o.total for o in c.orders.all()]] for c in C.prefetch_related('orders').filter(id__lt=5)])
step('through', lambda: C.filter(orders__total__gt=20).distinct().values_list('id', flat=True))
step('aggregates', lambda: O.aggregate(Max('total'), Min('total'), Count('id')))
step('annotate', lambda: C.annotate(n=Count('orders')).filter(n__gt=1).values('email', 'n'))
step('group', lambda: list(O.values('status').annotate(Max('total'), n=Count('*')).order_by('status')))
step('sum', lambda: O.aggregate(Sum('total')))
step('subquery', lambda: C.annotate(latest=Subquery(O.filter(customer=OuterRef('pk')).order_by('-id').values('total')[:1])).filter(id__lt=4).values('id', 'latest'))
step('exists subquery', lambda: C.filter(Exists(O.filter(customer=OuterRef('pk'), total__lt=30))).values_list('id', flat=True))
step('case', lambda: C.annotate(kind=Case(When(email='person1@example.org', then=Value('first')), default=Value('other'))).filter(id__lt=3).values('id', 'kind'))
step('iexact', lambda: C.filter(email__iexact='PERSON1@example.org').count())
step('for update', lambda: C.select_for_update().get(email='person8@example.org'))
step('raw', lambda: list(C.raw('SELECT * FROM customers WHERE email = %s', ['person9@example.org'])))
step('in bulk', lambda: {k: v.email for k, v in C.in_bulk(['person1@example.org'], field_name='email').items()})
step('union', lambda: C.filter(id=1).values_list('email').union(C.filter(id=2).values_list('email')).count())
step('update', lambda: C.filter(email='person4@example.org').update(phone='+44', credit=12))
step('update by another column', lambda: C.filter(id=5).update(name=F('name')))
step('bulk update', lambda: C.bulk_update([Customer(id=6, phone='6', born=None), Customer(id=7, phone=None, born=datetime.date(2000, 1, 1))], ['phone', 'born']))
step('delete', lambda: C.filter(email='person10@example.org').delete())
step('cascade', lambda: C.filter(id=1).delete())


def savepoints():
    with transaction.atomic():
        C.create(name='Kept', email='kept@example.org')
        try:
            with transaction.atomic():
                C.create(name='Twice', email='kept@example.org')
        except IntegrityError:
            pass
    return C.filter(name__in=['Kept', 'Twice']).values_list('email', flat=True)


step('savepoints', savepoints)
step('all', lambda: C.all())
step('add field', altered(migrations.AddField('customer', 'note', models.TextField(default='x'))))
step('alter field', altered(migrations.AlterField('customer', 'name', models.CharField(max_length=120, db_index=True))))
step('null', altered(migrations.AlterField('customer', 'phone', models.CharField(max_length=20, default='none'))))
step('add index', altered(migrations.AddIndex('customer', models.Index(fields=['seen', 'id'], name='customers_seen'))))
step('rename field', altered(migrations.RenameField('customer', 'phone', 'telephone')))
step('after that', lambda: [l for l in inspectdb() if '=' in l])
step('rename back', altered(migrations.RenameField('customer', 'telephone', 'phone')))
