/**
 * The roles a token can give; at least one of them is no operator. They are added, renamed and removed here: what each may do,
 * routes say with `@AllowRoles`, and the compiler finds those that name one that is gone.
 */
export const ROLES = ['customer', 'staff'] as const;

/**
 * @example
 * const who: Role = 'staff';
 */
export type Role = (typeof ROLES)[number];

/** Who may look after the system, at `/_ops`. */
export const OPERATORS: readonly Role[] = ['staff'];
