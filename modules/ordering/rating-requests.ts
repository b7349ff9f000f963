import { Injectable, Logger } from '@nestjs/common';

/** Asks customers what they think of an order: an outside service, such as one that writes mails. */
export abstract class RatingRequests {
  /**
   * Asks; repeating it for the same order changes nothing.
   * @throws when there is no answer; the customer may have been asked nevertheless
   */
  abstract ask(orderId: string, customerId: string): Promise<void>;
}

/** Writes a line to the log instead. */
@Injectable()
export class LoggedRatingRequests extends RatingRequests {
  constructor(private readonly log: Logger) {
    super();
  }

  async ask(orderId: string) {
    this.log.log('the customer is asked for a rating', { orderId });
  }
}
