import { Injectable } from '@nestjs/common';
import { Database, Eraser } from '../../src/platform/index.js';

/** For `npm run erase`: the ledger of adjustments stays whole; who made them is forgotten. */
@Injectable()
export class EraseClerk extends Eraser {
  constructor(private readonly database: Database) {
    super();
  }

  async erase(actor: string) {
    const text = `UPDATE stock_adjustment SET actor = 'erased' WHERE actor = $1 RETURNING id`;
    return { stock_adjustment: (await this.database.sql(text, [actor])).length };
  }
}
