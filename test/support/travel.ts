import type { Type } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler, EventBus } from '@nestjs/cqrs';
import { z } from 'zod';
import type { Decision } from '../../src/platform/index.js';
import { BoundedContext, defineCommand, defineEvent, Saga } from '../../src/platform/index.js';

/** Three tiny bounded contexts for tests of sagas: a trip books a room, then a seat, or gives both back. */
const trip = z.object({ tripId: z.string() });

export class BookRoom extends defineCommand('hotel.book-room.v1', { payload: trip, errors: { full: z.object({}) } }) {}
export class CancelRoom extends defineCommand('hotel.cancel-room.v1', { payload: trip }) {}
export class RoomRated extends defineEvent('hotel.room-rated.v1', { payload: trip, key: 'tripId' }) {}
export class BookSeat extends defineCommand('flight.book-seat.v1', { payload: trip, errors: { full: z.object({}) } }) {}
export class CancelSeat extends defineCommand('flight.cancel-seat.v1', { payload: trip }) {}
export class SeatPriced extends defineEvent('flight.seat-priced.v1', { payload: trip, key: 'tripId' }) {}

const Plan = trip.extend({ patienceMs: z.int(), broken: z.boolean().default(false) });
export class PlanTrip extends defineCommand('travel.plan-trip.v1', { payload: Plan }) {}
export class TripPlanned extends defineEvent('travel.trip-planned.v1', { payload: Plan, key: 'tripId' }) {}

/** What the next calls of a command do, by its name; by default it succeeds. */
export const scripts = new Map<string, () => unknown>();
/** The commands that were handled, in order; attempts that failed among them. */
export const received: string[] = [];

function scripted(type: typeof BookRoom | typeof CancelRoom): Type {
  @CommandHandler(type)
  class Scripted {
    async execute({ tripId }: { tripId: string }) {
      received.push(`${type.definition.name} ${tripId}`);
      await scripts.get(type.definition.name)?.();
    }
  }
  return Scripted;
}

@CommandHandler(PlanTrip)
class PlanTripHandler implements ICommandHandler<PlanTrip> {
  constructor(private readonly events: EventBus) {}

  async execute(command: PlanTrip) {
    this.events.publish(new TripPlanned(command));
  }
}

const State = Plan.extend({ step: z.enum(['room', 'seat', 'booked', 'failed', 'late']), heard: z.int() });
type State = z.output<typeof State>;

const fail = (state: State, step: State['step']): Decision<State> => ({
  state: { ...state, step },
  compensate: true,
  done: true,
});

@Injectable()
export class Trip extends Saga<State> {
  constructor() {
    super('travel.trip', State);
    const id = ({ tripId }: { tripId: string }) => tripId;
    const count = (state: State) => ({ state: { ...state, heard: state.heard + 1 } });
    this.starts(TripPlanned, id, (plan) => ({
      state: { ...plan, step: 'room', heard: 0 },
      send: [new BookRoom({ tripId: plan.tripId })],
      timeout: { name: 'patience', afterMs: plan.patienceMs },
    }));
    this.onReply(BookRoom, (state, reply) => {
      if (state.step !== 'room') return {};
      if (!reply.ok) return fail(state, 'failed');
      return { state: { ...state, step: 'seat' }, send: [new BookSeat({ tripId: state.tripId })] };
    });
    this.onReply(BookSeat, (state, reply) => {
      if (state.step !== 'seat') return {};
      return reply.ok ? { state: { ...state, step: 'booked' }, done: true } : fail(state, 'failed');
    });
    this.on(RoomRated, id, count);
    this.on(SeatPriced, id, count);
    this.onTimeout('patience', (state) => {
      if (state.broken) throw new Error('cannot decide');
      return fail(state, 'late');
    });
    this.compensates(BookRoom, CancelRoom, ({ tripId }) => ({ tripId }));
    this.compensates(BookSeat, CancelSeat, ({ tripId }) => ({ tripId }));
  }
}

@BoundedContext({
  name: 'hotel',
  contracts: { BookRoom, CancelRoom, RoomRated },
  providers: [BookRoom, CancelRoom].map(scripted),
})
class HotelModule {}

@BoundedContext({
  name: 'flight',
  contracts: { BookSeat, CancelSeat, SeatPriced },
  providers: [BookSeat, CancelSeat].map(scripted),
})
class FlightModule {}

@BoundedContext({ name: 'travel', contracts: { TripPlanned }, providers: [PlanTripHandler, Trip] })
class TravelModule {}

export const travel: readonly Type[] = [TravelModule, HotelModule, FlightModule];
