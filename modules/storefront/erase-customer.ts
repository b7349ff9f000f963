import { Injectable } from '@nestjs/common';
import { Database, Eraser } from '../../src/platform/index.js';

/** For `npm run erase`: the pages of a customer's orders stay, and are nobody's. */
@Injectable()
export class EraseCustomer extends Eraser {
  constructor(private readonly database: Database) {
    super();
  }

  async erase(customerId: string) {
    const text = `UPDATE order_page SET customer_id = 'erased' WHERE customer_id = $1 RETURNING order_id`;
    return { order_page: (await this.database.sql(text, [customerId])).length };
  }
}
