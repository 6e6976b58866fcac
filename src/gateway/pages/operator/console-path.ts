/** The paths of the operator's console, and its navigation. */
import type { NavItem } from '#src/gateway/pages/shell.ts'

export const consolePath = '/admin'

const sections = [
  ['', 'Overview'],
  ['/accounts', 'Accounts'],
  ['/moderation', 'Moderation'],
  ['/tenants', 'Tenants'],
  ['/invites', 'Invites'],
  ['/domains', 'Domains'],
  ['/relays', 'Relays'],
  ['/firehose', 'Firehose'],
  ['/webhooks', 'Webhooks'],
  ['/jobs', 'Jobs'],
  ['/mail', 'Mail'],
  ['/checks', 'Checks'],
  ['/backups', 'Backups'],
  ['/configuration', 'Configuration'],
  ['/audit', 'Audit'],
] as const

/** `path` is that of the page, below the console's. */
export function consoleNav(path: string): NavItem[] {
  return sections.map(([section, label]) => ({
    ...{ href: `${consolePath}${section}`, label },
    isCurrent: section === '' ? path === '' : path === section || path.startsWith(`${section}/`),
  }))
}
