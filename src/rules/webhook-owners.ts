/** The owners of webhooks, as the keys of their actors. */

/** The operator, whose webhooks get the events of all accounts. */
export const SERVER_OWNER = 'server'

/** A tenant, whose webhooks get the events of its own accounts only. */
export function tenantOwner(id: string): string {
  return `tenant ${id}`
}
