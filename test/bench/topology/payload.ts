/** The same content on both sides, of the size of an ordinary message. */
export const PAYLOAD = { sku: 'beans-250', quantity: 3, note: 'to the back door' };
