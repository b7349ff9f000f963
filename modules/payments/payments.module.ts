import { join } from 'node:path';
import { BoundedContext, outcome } from '../../src/platform/index.js';
import * as contracts from './contracts/index.js';
import { ListPaymentsHandler } from './list-payments.js';
import { Payments1760000000003 } from './migrations/1760000000003-payments.js';
import { PaymentsConfig } from './payments.config.js';
import { PaymentsHttp } from './payments.http.js';
import { PaymentProvider } from './provider/payment-provider.js';
import { ProviderChargesHttp } from './provider/provider-charges.http.js';
import { ProviderLedger } from './provider/provider-ledger.js';
import { SimulatedProvider } from './provider/simulated-provider.js';
import { RecordRefundHandler } from './record-refund.js';
import { RequestChargeHandler } from './request-charge.js';
import { ReverseChargeHandler } from './reverse-charge.js';
import { SettlePaymentHandler } from './settle-payment.js';
import { WhenChargeRequested } from './when-charge-requested.js';
import { WhenReversalRequested } from './when-reversal-requested.js';

const ledgerIn = ({ DATA_DIR }: PaymentsConfig) => new ProviderLedger(join(DATA_DIR, 'provider'));
const providerWith = (ledger: ProviderLedger) => new SimulatedProvider(ledger);

@BoundedContext({
  name: 'payments',
  contracts,
  controllers: [PaymentsHttp, ProviderChargesHttp],
  providers: [
    RequestChargeHandler,
    ReverseChargeHandler,
    SettlePaymentHandler,
    RecordRefundHandler,
    ListPaymentsHandler,
    WhenChargeRequested,
    WhenReversalRequested,
    { provide: ProviderLedger, inject: [PaymentsConfig], useFactory: ledgerIn },
    { provide: PaymentProvider, inject: [ProviderLedger], useFactory: providerWith },
  ],
  migrations: [Payments1760000000003],
  outcomes: [
    outcome('value_charged', contracts.PaymentCharged, { sum: 'amount', by: 'currency' }),
    outcome('value_refunded', contracts.PaymentRefunded, { sum: 'amount', by: 'currency' }),
    outcome('payments_declined', contracts.PaymentDeclined),
    outcome('payments_failed', contracts.PaymentFailed),
  ],
  config: PaymentsConfig,
})
export class PaymentsModule {}
