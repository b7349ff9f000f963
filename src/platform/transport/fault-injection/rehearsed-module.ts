import type { MessageContext } from '../../messaging/context/context.js';
import { currentScope, runInScope } from '../../messaging/context/context.js';
import type { Dispatcher, CommandResult, RemoteModule } from '../../messaging/dispatcher.js';
import { Unavailable } from '../../messaging/errors.js';
import type { Registry } from '../../messaging/registry.js';
import type { Rehearsal } from './rehearsal.js';
import { HttpRemoteModule } from '../seam/remote-module.js';
import type { SeamAnswer } from '../seam/seam-exchange.js';
import { fromWire, outcomeBody } from '../seam/wire.js';

/** A module of this process, asked as if it were in another one: by the same client, over a seam that is rehearsed. */
export class RehearsedModule implements RemoteModule {
  readonly #far: HttpRemoteModule;

  constructor(
    private readonly rehearsal: Rehearsal,
    private readonly registry: Registry,
    private readonly dispatcher: () => Dispatcher,
  ) {
    const request = (_method: string, _path: string, body: string | Uint8Array) => this.#request(String(body));
    this.#far = new HttpRemoteModule({
      peer: { module: rehearsal.module, url: 'rehearsal:' },
      policy: rehearsal.policy,
      request,
    });
  }

  async ask(context: MessageContext, message: object): Promise<CommandResult> {
    const scope = currentScope();
    const within = scope?.context.module === this.rehearsal.module || scope?.unit?.module === this.rehearsal.module;
    return within ? await this.dispatcher().answer(context, message) : await this.#far.ask(context, message);
  }

  async #request(body: string): Promise<SeamAnswer> {
    const { id } = fromWire(body, this.rehearsal.module).context;
    return await this.rehearsal.request(id, () => this.#answer(body));
  }

  async #answer(body: string): Promise<SeamAnswer> {
    const { context, payload } = fromWire(body, this.rehearsal.module);
    const Message = this.registry.classOf(context.type)!;
    try {
      const answer = () => this.dispatcher().answer(context, new Message(payload as never));
      return { status: 200, headers: {}, body: Buffer.from(outcomeBody(await runInScope(context, undefined, answer))) };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      const { reason, message } = error;
      return { status: 503, headers: {}, body: Buffer.from(JSON.stringify({ reason, message })) };
    }
  }
}
