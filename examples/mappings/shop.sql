-- A shop, as many applications have one: sqlite3 shop.db < shop.sql
PRAGMA journal_mode = WAL;

CREATE TABLE products (
  id INTEGER PRIMARY KEY,
  sku TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  price REAL NOT NULL,
  category TEXT
);

CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  vip INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  placed_at TEXT NOT NULL,
  status TEXT NOT NULL
);

CREATE TABLE order_lines (
  order_id INTEGER NOT NULL REFERENCES orders (id),
  line INTEGER NOT NULL,
  product_id INTEGER NOT NULL REFERENCES products (id),
  quantity INTEGER NOT NULL,
  PRIMARY KEY (order_id, line)
) WITHOUT ROWID;

-- What documents with joins look up when a customer, an order or a product changes.
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE INDEX order_lines_by_product ON order_lines (product_id);

INSERT INTO products VALUES
  (1, 'MUG-01', 'Mug', 9.5, 'kitchen'),
  (2, 'TEE-01', 'T-shirt', 19.9, 'clothes'),
  (3, 'PEN-01', 'Pen', 1.2, NULL);
INSERT INTO customers VALUES
  (1, 'ada@example.org', 'Ada', 1),
  (2, 'bob@example.org', 'Bob', 0);
INSERT INTO orders VALUES
  (1, 1, '2026-01-05 14:30:00', 'paid'),
  (2, 1, '2026-02-01 09:00:00', 'open'),
  (3, 2, '2026-02-03 18:15:00', 'open');
INSERT INTO order_lines VALUES (1, 1, 1, 2), (1, 2, 3, 10), (2, 1, 2, 1), (3, 1, 1, 1);
