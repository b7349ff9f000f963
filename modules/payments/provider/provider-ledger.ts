import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChargeStatus } from './payment-provider.js';

/** A charge as it was entered; never changed. */
export interface Entry {
  key: string;
  orderId: string;
  amount: number;
  currency: string;
  decision: 'approved' | 'declined';
  /** ISO 8601, UTC. */
  createdAt: string;
  /** From then on the decision holds, whoever runs; before it the charge is pending. ISO 8601, UTC. */
  settlesAt: string;
}

export interface LedgerCharge {
  key: string;
  orderId: string;
  amount: number;
  currency: string;
  status: ChargeStatus;
  createdAt: string;
  refundedAmount: number;
}

const CHARGE = '.charge.json';

/**
 * The books of the simulated provider: files that are created whole or not at all, and never changed. So any number of
 * processes may use one folder and be killed at any moment; whoever creates a file first has decided.
 */
export class ProviderLedger {
  constructor(private readonly folder: string) {}

  /** Enters a charge. @returns what is in the books under its key: this one, or the one that was there before */
  async enter(entry: Entry): Promise<Entry> {
    await this.#create(fileOf(entry.key, CHARGE), entry);
    return (await this.entry(entry.key))!;
  }

  async entry(key: string): Promise<Entry | undefined> {
    return await this.read<Entry>(fileOf(key, CHARGE));
  }

  async charge(key: string): Promise<LedgerCharge | undefined> {
    const entry = await this.entry(key);
    return entry && (await this.#withRefund(entry));
  }

  /** All charges, or those of one order, oldest first. */
  async charges(orderId?: string): Promise<LedgerCharge[]> {
    const found: LedgerCharge[] = [];
    for (const file of (await orAbsent(readdir(this.folder))) ?? []) {
      const entry = file.endsWith(CHARGE) && (await this.read<Entry>(file));
      if (entry && (orderId ?? entry.orderId) === entry.orderId) found.push(await this.#withRefund(entry));
    }
    return found.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  }

  /** Refunds a charge in full, once. @throws when it is not approved */
  async refund(key: string): Promise<void> {
    const charge = await this.charge(key);
    if (charge?.status === 'refunded') return;
    if (charge?.status !== 'approved')
      throw new Error(`The charge ${key} is ${charge?.status ?? 'unknown'}: it cannot be refunded.`);
    await this.#create(fileOf(key, '.refund.json'), { amount: charge.amount });
  }

  /** Counts a call. @returns whether it is one of the first `times` with this key, in whatever process */
  async isAmongFirst(times: number, key: string): Promise<boolean> {
    await mkdir(this.folder, { recursive: true });
    for (let call = 1; call <= times; call++) {
      const taken = await orExists(open(join(this.folder, fileOf(key, `.call-${call}`)), 'wx'));
      if (!taken) continue;
      await taken.close();
      return true;
    }
    return false;
  }

  async #withRefund({ decision, settlesAt, ...entry }: Entry): Promise<LedgerCharge> {
    const refund = await this.read<{ amount: number }>(fileOf(entry.key, '.refund.json'));
    const status = refund ? 'refunded' : Date.parse(settlesAt) > Date.now() ? 'pending' : decision;
    return { ...entry, status, refundedAmount: refund?.amount ?? 0 };
  }

  /** Linked to its name when it is written and safe on the disk; a link never replaces a file. */
  async #create(file: string, content: object): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const draft = join(this.folder, `${randomUUID()}.draft`);
    await writeFile(draft, JSON.stringify(content), { flag: 'wx', flush: true });
    try {
      await orExists(link(draft, join(this.folder, file)));
    } finally {
      await unlink(draft);
    }
  }

  private async read<T>(file: string): Promise<T | undefined> {
    const text = await orAbsent(readFile(join(this.folder, file), 'utf8'));
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }
}

const fileOf = (key: string, suffix: string) => encodeURIComponent(key) + suffix;

const unless = async <T>(code: string, work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return undefined;
    throw error;
  }
};
const orAbsent = <T>(work: Promise<T>) => unless('ENOENT', work);
const orExists = <T>(work: Promise<T>) => unless('EEXIST', work);
