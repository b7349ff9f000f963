/** Every route of the shop, and what is wrong input for it. */
const SOME_ID = '7e0c9cbb-0000-4000-8000-000000000000';
const price = { amount: 100, currency: 'EUR' };
const product = { sku: 'cup', name: 'Cup', price };
const line = { sku: 'dripper', quantity: 1 };
const order = { lines: [line], paymentToken: 'tok_approve' };
const adjustment = { delta: 1, reason: 'count' };
const without = (body: object, field: string) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => name !== field));
const lines = (...some: object[]) => ({ ...order, lines: some });
const lineWith = (change: object) => lines({ ...line, ...change });

const PRODUCTS = '/v1/catalog/products';
const STOCK = '/v1/inventory/stock';
const ADJUSTMENTS = `${STOCK}/dripper/adjustments`;

/** A route of the shop. */
export interface Route {
  method: string;
  path: string;
  /** A body that would do. */
  body?: object;
  keyed?: boolean;
  /** Who may come in; absent for everybody. */
  roles?: readonly ('customer' | 'staff')[];
}

export const ROUTES: readonly Route[] = [
  { method: 'GET', path: PRODUCTS },
  { method: 'GET', path: `${PRODUCTS}/dripper` },
  { method: 'POST', path: PRODUCTS, body: product, roles: ['staff'] },
  { method: 'PATCH', path: `${PRODUCTS}/dripper`, body: { name: 'Cup' }, roles: ['staff'] },
  { method: 'GET', path: `${STOCK}/dripper`, roles: ['staff'] },
  { method: 'POST', path: ADJUSTMENTS, body: adjustment, keyed: true, roles: ['staff'] },
  { method: 'POST', path: '/v1/orders', body: order, keyed: true, roles: ['customer'] },
  { method: 'GET', path: '/v1/orders', roles: ['customer', 'staff'] },
  { method: 'GET', path: `/v1/orders/${SOME_ID}`, roles: ['customer', 'staff'] },
  { method: 'POST', path: `/v1/orders/${SOME_ID}/cancellation`, keyed: true, roles: ['customer', 'staff'] },
  { method: 'GET', path: `/v1/payments?orderId=${SOME_ID}`, roles: ['staff'] },
  { method: 'GET', path: `/v1/storefront/orders/${SOME_ID}`, roles: ['customer', 'staff'] },
  { method: 'GET', path: '/v1/storefront/products' },
];
type Case = [method: string, path: string, wrong: string, body: object | undefined, fields: string[]];
const body = (method: string, path: string, cases: [string, object, string[]][]): Case[] =>
  cases.map(([wrong, content, fields]) => [method, path, wrong, content, fields]);
const query = (path: string, cases: [string, string[]][]): Case[] =>
  cases.map(([search, fields]) => ['GET', path + search, 'this', undefined, fields]);

const PAGES: [string, string[]][] = [
  ['?limit=0', ['limit']],
  ['?limit=101', ['limit']],
  ['?limit=ten', ['limit']],
  ['?limt=5', ['limt']],
  ['?limit=1.5', ['limit']],
  ['?cursor=nonsense', ['cursor']],
  [`?cursor=${Buffer.from('{"a":1}').toString('base64url')}`, ['cursor']],
];
const BAD_SKUS = ['%20', 'a%20b', '-a', 'a'.repeat(65), '%C3%A4'];

/** What each route refuses with 422, and the fields that it has to name. */
export const WRONG: readonly Case[] = [
  ...body('POST', PRODUCTS, [
    ['an unknown field', { ...product, colour: 'red' }, ['colour']],
    ['an unknown field of the price', { ...product, price: { ...price, tax: 1 } }, ['price.tax']],
    ['no name', without(product, 'name'), ['name']],
    ['nothing at all', {}, ['sku', 'name', 'price']],
    ['a blank name', { ...product, name: ' ' }, ['name']],
    ['a name of 201 characters', { ...product, name: 'x'.repeat(201) }, ['name']],
    ['a number as name', { ...product, name: 7 }, ['name']],
    ['a SKU with a blank', { ...product, sku: 'a b' }, ['sku']],
    ['a SKU of 65 characters', { ...product, sku: 'a'.repeat(65) }, ['sku']],
    ['half a cent', { ...product, price: { ...price, amount: 0.5 } }, ['price.amount']],
    ['a negative price', { ...product, price: { ...price, amount: -1 } }, ['price.amount']],
    ['a price as text', { ...product, price: { ...price, amount: '100' } }, ['price.amount']],
    ['a currency that is none', { ...product, price: { ...price, currency: 'euro' } }, ['price.currency']],
    ['a price that is a number', { ...product, price: 100 }, ['price']],
  ]),
  ...body('PATCH', `${PRODUCTS}/dripper`, [
    ['no change', {}, ['body']],
    ['another SKU', { sku: 'cup', name: 'Cup' }, ['sku']],
    ['no text as name', { name: null }, ['name']],
    ['a part of a price', { price: { amount: 1 } }, ['price.currency']],
  ]),
  ...body('POST', ADJUSTMENTS, [
    ['an unknown field', { ...adjustment, sku: 'cup' }, ['sku']],
    ['no change', { ...adjustment, delta: 0 }, ['delta']],
    ['half a piece', { ...adjustment, delta: 0.5 }, ['delta']],
    ['a number as text', { ...adjustment, delta: '1' }, ['delta']],
    ['more than there can be', { ...adjustment, delta: 10 ** 9 }, ['delta']],
    ['no reason', { delta: 1 }, ['reason']],
    ['an empty reason', { ...adjustment, reason: '' }, ['reason']],
  ]),
  ...body('POST', '/v1/orders', [
    ['an unknown field', { ...order, customerId: 'bob' }, ['customerId']],
    ['an unknown field of a line', lineWith({ unitPrice: 1 }), ['lines.0.unitPrice']],
    ['no lines', without(order, 'lines'), ['lines']],
    ['no line', lines(), ['lines']],
    ['101 lines', lines(...Array.from({ length: 101 }, (_, n) => ({ sku: `s${n}`, quantity: 1 }))), ['lines']],
    ['repeated SKUs', lines(line, { ...line, quantity: 2 }), ['lines']],
    ['no quantity', lineWith({ quantity: undefined }), ['lines.0.quantity']],
    ['a quantity of 0', lineWith({ quantity: 0 }), ['lines.0.quantity']],
    ['a quantity of 1001', lineWith({ quantity: 1001 }), ['lines.0.quantity']],
    ['half a piece', lineWith({ quantity: 1.5 }), ['lines.0.quantity']],
    ['a quantity as text', lineWith({ quantity: '1' }), ['lines.0.quantity']],
    ['an empty SKU', lineWith({ sku: '' }), ['lines.0.sku']],
    ['a number as SKU', lineWith({ sku: 1 }), ['lines.0.sku']],
    ['no payment token', without(order, 'paymentToken'), ['paymentToken']],
    ['an empty payment token', { ...order, paymentToken: '' }, ['paymentToken']],
    [
      'four things wrong at once',
      { lines: [line, { sku: 'b', quantity: 0 }, { sku: '', quantity: 1 }], paymentToken: 7, gift: true },
      ['gift', 'lines.1.quantity', 'lines.2.sku', 'paymentToken'],
    ],
  ]),
  ...query(PRODUCTS, PAGES),
  ...query('/v1/storefront/products', PAGES),
  ...query('/v1/orders', [...PAGES, ['?status=lost', ['status']]]),
  ...query('/v1/payments', [
    ['', ['orderId']],
    ['?orderId=7', ['orderId']],
    ['?orderID=7', ['orderId', 'orderID']],
  ]),
  ...query('/_dev/provider/charges', [['?orderId=7', ['orderId']]]),
  ...query('/v1/orders/7', [['', ['orderId']]]),
  ...query('/v1/storefront/orders/7', [['', ['orderId']]]),
  ...body('POST', '/v1/orders/7/cancellation', [['an order that cannot be', {}, ['orderId']]]),
  ...BAD_SKUS.flatMap((sku) => [
    ...query(`${PRODUCTS}/${sku}`, [['', ['sku']]]),
    ...query(`${STOCK}/${sku}`, [['', ['sku']]]),
    ...body('PATCH', `${PRODUCTS}/${sku}`, [['such a SKU', { name: 'Cup' }, ['sku']]]),
    ...body('POST', `${STOCK}/${sku}/adjustments`, [['such a SKU', adjustment, ['sku']]]),
  ]),
];
