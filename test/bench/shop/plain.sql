CREATE TABLE product (sku text PRIMARY KEY, name text NOT NULL, amount integer NOT NULL);
CREATE TABLE stock (
  sku text PRIMARY KEY REFERENCES product, on_hand bigint NOT NULL, reserved bigint NOT NULL DEFAULT 0,
  CHECK (reserved <= on_hand)
);
CREATE TABLE answered (customer text, key text, order_id uuid NOT NULL, PRIMARY KEY (customer, key));
CREATE TABLE orders (
  order_id uuid PRIMARY KEY, customer text NOT NULL, status text NOT NULL, lines jsonb NOT NULL, total bigint NOT NULL,
  placed_at timestamptz NOT NULL
);
CREATE TABLE payment (
  payment_id uuid PRIMARY KEY, order_id uuid NOT NULL UNIQUE REFERENCES orders, amount bigint NOT NULL, status text NOT NULL
);
CREATE TABLE remembered (customer text, key text, outcome jsonb NOT NULL, PRIMARY KEY (customer, key));
CREATE TABLE reservation (order_id uuid PRIMARY KEY, lines jsonb NOT NULL);
CREATE TABLE availability (sku text PRIMARY KEY, available bigint NOT NULL);
CREATE TABLE order_page (
  order_id uuid PRIMARY KEY, customer text NOT NULL, status text NOT NULL, lines jsonb NOT NULL, total bigint NOT NULL,
  placed_at timestamptz NOT NULL, moments jsonb NOT NULL
);
CREATE TABLE payment_page (
  order_id uuid PRIMARY KEY, payment_id uuid NOT NULL, status text NOT NULL, amount bigint NOT NULL, at timestamptz NOT NULL
);
INSERT INTO product SELECT 'sku-' || n, 'Product ' || n, 100 + n FROM generate_series(1, 200) n;
INSERT INTO stock SELECT sku, 1000000000 FROM product;
