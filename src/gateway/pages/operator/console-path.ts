/** The paths of the operator's console, and its navigation. */
import type { OperatorText } from '#src/gateway/pages/operator/texts.ts'
import type { NavItem } from '#src/gateway/pages/shell.ts'

export const consolePath = '/admin'

/** The path of each below the console's, and the key of its name. */
export const sections = [
  ['', 'overview'],
  ['/accounts', 'accounts'],
  ['/moderation', 'moderation'],
  ['/tenants', 'tenants'],
  ['/invites', 'invites'],
  ['/domains', 'domains'],
  ['/relays', 'relays'],
  ['/firehose', 'firehose'],
  ['/webhooks', 'webhooks'],
  ['/jobs', 'jobs'],
  ['/mail', 'mail'],
  ['/checks', 'checks'],
  ['/backups', 'backups'],
  ['/archives', 'archives'],
  ['/configuration', 'configuration'],
  ['/audit', 'audit'],
] as const

/** `path` is that of the page, below the console's. */
export function consoleNav(text: OperatorText, path: string): NavItem[] {
  return sections.map(([section, key]) => ({
    ...{ href: `${consolePath}${section}`, label: text(key) },
    isCurrent: section === '' ? path === '' : path === section || path.startsWith(`${section}/`),
  }))
}
