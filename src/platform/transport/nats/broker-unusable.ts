/** The broker cannot be used as it is; the message is meant for whoever starts the process. */
export class BrokerUnusable extends Error {
  override readonly name = 'BrokerUnusable';
}
