/** Whose webhooks there are. */

/** The owner for the whole server; all others are tenants, whose accounts only their webhooks tell of. */
export const SERVER_OWNER = 'server'
