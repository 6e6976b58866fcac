/** Whose webhooks there are: the key of their actor. */

/** The owner for the whole server. */
export const SERVER_OWNER = 'server'

/** Its webhooks tell only of the tenant's own accounts. */
export function tenantOwner(id: string): string {
  return `tenant ${id}`
}
