-- A rental business in the shape of the public sample databases Sakila and Pagila: their tables, columns and relations, written anew.
CREATE TYPE rating AS ENUM ('G', 'PG', 'PG-13', 'R', 'NC-17');

CREATE TABLE country (country_id int PRIMARY KEY, country text NOT NULL);

CREATE TABLE city (city_id int PRIMARY KEY, city text NOT NULL, country_id int NOT NULL REFERENCES country);

CREATE TABLE address (
  address_id int PRIMARY KEY, address text NOT NULL, district text NOT NULL, city_id int NOT NULL REFERENCES city, postal_code text, phone text NOT NULL
);

CREATE TABLE store (store_id int PRIMARY KEY, address_id int NOT NULL REFERENCES address);

CREATE TABLE staff (
  staff_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL, address_id int NOT NULL REFERENCES address, email text,
  store_id int NOT NULL REFERENCES store, active boolean NOT NULL DEFAULT true, username text NOT NULL UNIQUE, password text
);

CREATE TABLE customer (
  customer_id int PRIMARY KEY, store_id int NOT NULL REFERENCES store, first_name text NOT NULL, last_name text NOT NULL, email text UNIQUE,
  address_id int NOT NULL REFERENCES address, activebool boolean NOT NULL DEFAULT true, create_date date NOT NULL
);

CREATE INDEX customer_last_name ON customer (last_name);

CREATE TABLE actor (actor_id int PRIMARY KEY, first_name text NOT NULL, last_name text NOT NULL);

CREATE TABLE category (category_id int PRIMARY KEY, name text NOT NULL);

CREATE TABLE film (
  film_id int PRIMARY KEY, title text NOT NULL, description text, release_year int, rental_duration int NOT NULL, rental_rate numeric(4,2) NOT NULL,
  length int, replacement_cost numeric(5,2) NOT NULL, rating rating, special_features text[]
);

CREATE TABLE film_actor (actor_id int REFERENCES actor, film_id int REFERENCES film, PRIMARY KEY (actor_id, film_id));

CREATE TABLE film_category (film_id int REFERENCES film, category_id int REFERENCES category, PRIMARY KEY (film_id, category_id));

CREATE TABLE inventory (inventory_id int PRIMARY KEY, film_id int NOT NULL REFERENCES film, store_id int NOT NULL REFERENCES store);

CREATE TABLE rental (
  rental_id int PRIMARY KEY, rental_date timestamptz NOT NULL, inventory_id int NOT NULL REFERENCES inventory,
  customer_id int NOT NULL REFERENCES customer, return_date timestamptz, staff_id int NOT NULL REFERENCES staff
);

CREATE TABLE payment (
  payment_id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, staff_id int NOT NULL REFERENCES staff,
  rental_id int NOT NULL REFERENCES rental, amount numeric(5,2) NOT NULL, payment_date timestamptz NOT NULL
);

CREATE INDEX payment_amount ON payment (amount);

CREATE VIEW customer_list AS
  SELECT cu.customer_id AS id, cu.first_name, cu.last_name, a.address, a.postal_code, a.phone, city.city, country.country, cu.store_id AS sid
  FROM customer cu JOIN address a ON cu.address_id = a.address_id JOIN city ON a.city_id = city.city_id
  JOIN country ON city.country_id = country.country_id;

CREATE VIEW staff_list AS
  SELECT s.staff_id AS id, s.first_name, s.username, s.email, a.address, a.phone, city.city
  FROM staff s JOIN address a USING (address_id) JOIN city USING (city_id);

CREATE VIEW films_by_category AS
  SELECT c.name AS category, count(*) AS films, round(avg(f.length), 1) AS average_length
  FROM category c JOIN film_category fc USING (category_id) JOIN film f USING (film_id) GROUP BY c.name;
