/** How operators are named in the audit log and in moderation cases: by their DID, or by the password that they share. */
export const ADMIN_PASSWORD = 'admin password'
