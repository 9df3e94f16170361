"""The tables of the shop."""
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=80, db_index=True)
    email = models.TextField(unique=True)
    phone = models.CharField(max_length=20, null=True)
    born = models.DateField(null=True, db_index=True)
    credit = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    profile = models.JSONField(null=True)
    active = models.BooleanField(default=True)
    seen = models.DateTimeField(null=True)

    class Meta:
        db_table, ordering = 'customers', ['id']


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name='orders')
    total = models.DecimalField(max_digits=10, decimal_places=2)
    status = models.CharField(max_length=10, default='new')

    class Meta:
        db_table, ordering = 'orders', ['id']
