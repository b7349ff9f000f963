import { ContractViolation } from './errors.js';
import { unstorableIn } from './plain/storable.js';

/** @throws ContractViolation when `value` holds text that cannot be stored; `what` names the value, such as `the state of …` */
export function refuseUnstorable(what: string, value: unknown): void {
  const found = unstorableIn(value);
  if (!found) return;
  const at = found.path.length > 0 ? ` at ${found.path.join('.')}` : '';
  throw new ContractViolation('LIFTOUT_VALUE_UNSTORABLE', `${what}${at} ${found.message}.`);
}
