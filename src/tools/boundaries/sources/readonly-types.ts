import ts from 'typescript';

/** The type that a value is declared with, if any. */
export type Known = ts.TypeNode | undefined;

/** Stands for the type that `as const` gives: readonly all the way down. */
export const CONST = ts.factory.createTypeReferenceNode('const');

export function isReadonlyList(type: Known): boolean {
  return type === CONST || (type !== undefined && /^readonly\b|^Readonly(?:Array)?</.test(type.getText()));
}

export function elementOf(type: Known): Known {
  if (type && ts.isTypeOperatorNode(type) && ts.isArrayTypeNode(type.type)) return type.type.elementType;
  return type && ts.isTypeReferenceNode(type) ? type.typeArguments?.[0] : undefined;
}

export function isReadonlyObject(type: Known): boolean {
  if (type === CONST || (type && ts.isTypeReferenceNode(type) && type.typeName.getText() === 'Readonly')) return true;
  return type !== undefined && ts.isTypeLiteralNode(type) && type.members.every((member) => isReadonlyMember(member));
}

function isReadonlyMember(member: ts.TypeElement): boolean {
  return (
    ts.canHaveModifiers(member) &&
    (ts.getModifiers(member) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword)
  );
}

/** Of `Readonly<Record<K, V>>` the type V, of a type literal that of the member. */
export function memberOf(type: Known, name: string): Known {
  if (type && ts.isTypeReferenceNode(type)) {
    const [inner, value] = type.typeArguments ?? [];
    return type.typeName.getText() === 'Record' ? value : inner && memberOf(inner, name);
  }
  if (!type || !ts.isTypeLiteralNode(type)) return undefined;
  const member = type.members.find((each) => each.name?.getText() === name);
  return member && ts.isPropertySignature(member) ? member.type : undefined;
}
