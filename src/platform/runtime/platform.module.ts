import type { DynamicModule, OnApplicationBootstrap } from '@nestjs/common';
import { Global, Module } from '@nestjs/common';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { CommandBus, EventBus, EventPublisher, QueryBus } from '@nestjs/cqrs';
import { Freshness } from '../delivery/maintenance/freshness.js';
import { explore } from './explorer.js';
import { Host } from './host-handle.js';
import { Outbox, SeamCommandBus, SeamQueryBus, UnitEventBus } from '../messaging/buses.js';
import { Dispatcher } from '../messaging/dispatcher.js';
import { Runtime } from './runtime.js';

const doors = [CommandBus, QueryBus, EventBus, EventPublisher, Outbox, Freshness, Host, Dispatcher, Runtime];

/** The buses, the outbox and the databases, for every module; stands in for the `CqrsModule` of @nestjs/cqrs. */
@Global()
@Module({})
export class PlatformModule implements OnApplicationBootstrap {
  constructor(
    private readonly container: ModulesContainer,
    private readonly runtime: Runtime,
  ) {}

  static forRuntime(runtime: Runtime): DynamicModule {
    return {
      module: PlatformModule,
      providers: [
        { provide: Runtime, useValue: runtime },
        { provide: Host, useValue: runtime },
        { provide: Dispatcher, useValue: runtime.dispatcher },
        // Factories: Nest would merge the constructor metadata of these classes with that of the ones they extend.
        {
          provide: CommandBus,
          inject: [ModuleRef],
          useFactory: (ref: ModuleRef) => new SeamCommandBus(ref, runtime.dispatcher),
        },
        {
          provide: QueryBus,
          inject: [ModuleRef],
          useFactory: (ref: ModuleRef) => new SeamQueryBus(ref, runtime.dispatcher),
        },
        {
          provide: EventBus,
          inject: [CommandBus, ModuleRef],
          useFactory: (commands: CommandBus, ref: ModuleRef) => new UnitEventBus(commands, ref),
        },
        { provide: Freshness, useFactory: () => new Freshness(() => runtime.loops) },
        EventPublisher,
        Outbox,
      ],
      exports: doors,
    };
  }

  onApplicationBootstrap(): void {
    explore(this.container, this.runtime);
  }
}
