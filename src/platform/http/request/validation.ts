import type { ArgumentMetadata } from '@nestjs/common';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import type { FieldError } from '../problems/problem.js';
import { InvalidFields } from '../problems/problem.js';

/** A body can be wrong in thousands of places; a person reads a few. */
const SHOWN = 100;

interface Issue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
  /** zod names the unknown keys of one object together. */
  readonly keys?: readonly string[];
}

class Issues extends Error {
  constructor(readonly issues: readonly Issue[]) {
    super('invalid');
  }
}

/**
 * Checks body, query and path parameters by the schema of their decorator.
 * @throws InvalidFields that names every wrong or unknown field
 */
export class Validation extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => new Issues(issues) });
  }

  /** Nest would leave them out without a word: a schema refuses them as every field that it does not know. */
  protected override stripProtoKeys(): void {}

  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      if (!(error instanceof Issues)) throw error;
      const where = metadata.data ?? metadata.type;
      const errors = error.issues.slice(0, SHOWN).flatMap((issue) => fieldErrors(issue, metadata.data, where));
      throw new InvalidFields(
        'validation_failed',
        `The ${PART[metadata.type]} is not as expected.`,
        errors.slice(0, SHOWN),
      );
    }
  }
}

const PART: Readonly<Record<ArgumentMetadata['type'], string>> = {
  body: 'body',
  query: 'query',
  param: 'path',
  custom: 'request',
};

function fieldErrors({ message, path = [], keys }: Issue, parameter: string | undefined, whole: string): FieldError[] {
  const steps = path.map((step) =>
    String(typeof step === 'object' && step !== null && 'key' in step ? step.key : step),
  );
  const field = (more: string[]) =>
    [...(parameter === undefined ? [] : [parameter]), ...steps, ...more].join('.') || whole;
  if (keys) return keys.map((key) => ({ field: field([key]), message: 'This field is not known.' }));
  return [{ field: field([]), message }];
}
