import { describe, expect, it } from '@jest/globals';
import { startHost } from '../support/host-process.js';
import { Shop } from '../support/shop.js';
import { readyToMove, runChapter } from './cutover-chapter.js';

describe('the chapter on moving the data of a module', () => {
  it('has commands that run, while the application takes orders, with the output that it promises', async () => {
    const moving = await readyToMove('payments');
    const host = await startHost(moving.app);
    const shop = new Shop(host.url, moving.app.DATA_DIR);
    const [staff, customer] = [await shop.staff(), await shop.customer()];
    const sku = await staff.stocked(100, 500);
    await runChapter('.', moving, async () => {
      const { status } = await customer.place([{ sku, quantity: 1 }], 'tok_approve');
      expect(status).toBeLessThan(300);
    });
  }, 400_000);
});
