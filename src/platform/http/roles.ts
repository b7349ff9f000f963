/** The roles a token can give. A new one is added here, and nowhere else. */
export const ROLES = ['customer', 'staff'] as const;

export type Role = (typeof ROLES)[number];
