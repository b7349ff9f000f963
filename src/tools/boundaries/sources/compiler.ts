import { join } from 'node:path';
import ts from 'typescript';
import { CouldNotCheck } from '../violation.js';

/** The compiler options of a tree. @throws CouldNotCheck when its tsconfig.json is missing or broken */
export function readCompilerOptions(root: string): ts.CompilerOptions {
  const path = join(root, 'tsconfig.json');
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error) throw broken(error);
  const host = { ...ts.sys, readDirectory: () => ['some.ts'] };
  const { options, errors } = ts.parseJsonConfigFileContent(config, host, root, undefined, path);
  if (errors[0]) throw broken(errors[0]);
  return options;
}

function broken(error: ts.Diagnostic): CouldNotCheck {
  return new CouldNotCheck(`tsconfig.json is broken: ${ts.flattenDiagnosticMessageText(error.messageText, ' ')}`);
}
