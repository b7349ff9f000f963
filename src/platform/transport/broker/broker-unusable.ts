import { OperatorError } from '../../coded-error.js';

/** The broker cannot be used as it is. */
export class BrokerUnusable extends OperatorError {
  constructor(message: string, options?: ErrorOptions) {
    super('LIFTOUT_BROKER_UNUSABLE', message, options);
  }
}
