import { Check, Column, CreateDateColumn, Entity, PrimaryColumn, UpdateDateColumn } from 'typeorm';

export class Price {
  /** In minor units. */
  @Column('integer')
  amount!: number;

  @Column('text')
  currency!: string;
}

@Entity('product')
@Check('product_name_check', `name <> ''`)
@Check('product_amount_check', 'amount >= 0')
@Check('product_currency_check', `currency ~ '^[A-Z]{3}$'`)
export class Product {
  /** Collation "C": the pages of the list come in the same order on every machine. */
  @PrimaryColumn({ type: 'text', collation: 'C' })
  sku!: string;

  @Column('text')
  name!: string;

  @Column(() => Price, { prefix: false })
  price!: Price;

  @CreateDateColumn({ name: 'published_at', type: 'timestamptz' })
  publishedAt!: Date;

  @UpdateDateColumn({ name: 'changed_at', type: 'timestamptz' })
  changedAt!: Date;
}
