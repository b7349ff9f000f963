/** What the shop answers, as its clients know it: written down anew, so that a changed answer is noticed. */
export interface Money {
  amount: number;
  currency: string;
}

export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

export interface Product {
  sku: string;
  name: string;
  price: Money;
}

export interface Card extends Product {
  available: number;
}

export interface Level {
  sku: string;
  onHand: number;
  reserved: number;
  available: number;
}

export type Reason = 'out_of_stock' | 'payment_declined' | 'payment_timeout' | 'requested';

export interface Receipt {
  orderId: string;
  status: 'pending' | 'confirmed' | 'cancelled';
  reason?: Reason;
}

export interface Order extends Receipt {
  lines: { sku: string; name: string; quantity: number; unitPrice: Money }[];
  total: Money;
  placedAt: string;
}

export interface Payment {
  paymentId: string;
  orderId: string;
  amount: number;
  currency: string;
  status: 'pending' | 'charged' | 'declined' | 'failed' | 'refunded';
  createdAt: string;
}

export interface StorefrontOrder extends Order {
  payment: Pick<Payment, 'paymentId' | 'amount' | 'currency' | 'status'> | null;
  timeline: { event: string; at: string }[];
}

/** A charge in the books of the payment provider. */
export interface Charge {
  key: string;
  orderId: string;
  amount: number;
  currency: string;
  status: 'pending' | 'approved' | 'declined' | 'refunded';
  createdAt: string;
  refundedAmount: number;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  traceId: string;
  errors?: { field: string; message: string }[];
  details?: Record<string, unknown>;
}
