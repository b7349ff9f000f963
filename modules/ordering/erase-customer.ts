import { Injectable } from '@nestjs/common';
import { Database, Eraser } from '../../src/platform/index.js';

/** For `npm run erase`: the orders stay, for the books; whose they were is forgotten. */
@Injectable()
export class EraseCustomer extends Eraser {
  constructor(private readonly database: Database) {
    super();
  }

  async erase(customerId: string) {
    const text = `UPDATE orders SET customer_id = 'erased' WHERE customer_id = $1 RETURNING order_id`;
    return { orders: (await this.database.sql(text, [customerId])).length };
  }
}
