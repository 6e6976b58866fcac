/** The navigation of the account area, and the pages of the owner that have it. */
import { type AccountKey, accountTexts } from '#src/gateway/pages/account/texts.ts'
import type { Island } from '#src/gateway/pages/islands.ts'
import {
  type AreaPage,
  type Page,
  type RenderContext,
  renderArea,
} from '#src/gateway/pages/shell.ts'

export const accountPath = '/account'

const sections = [
  ['', 'overview'],
  ['/profile', 'profile'],
  ['/security', 'security'],
  ['/recovery', 'recoveryKey'],
  ['/apps', 'apps'],
  ['/app-passwords', 'appPasswords'],
  ['/email', 'email'],
  ['/handle', 'handle'],
  ['/invites', 'invites'],
  ['/groups', 'groups'],
  ['/data', 'data'],
  ['/archives', 'archives'],
  ['/history', 'history'],
  ['/move', 'move'],
  ['/delete', 'leave'],
] as const satisfies readonly (readonly [path: string, label: AccountKey])[]

/** `current` is the path of a section below /account. */
export function accountArea(
  context: RenderContext,
  { owner, current }: { owner: string; current: string },
): AreaPage['area'] {
  const texts = accountTexts(context)
  const items = sections.map(([path, label]) => ({
    href: `${accountPath}${path}`,
    label: texts.text(label),
    isCurrent: path === current,
  }))
  return { label: `@${owner}`, items }
}

/** A page of the section on security, for its signed-in owner. */
export function renderSecurityPage(
  context: RenderContext,
  page: Page & { owner: string },
): Promise<Response> {
  const { title, body, owner, note, passkeys, status } = page
  const islands: Island[] = passkeys ? ['passkey'] : []
  return renderArea(context, {
    area: accountArea(context, { owner, current: '/security' }),
    title: typeof title === 'string' ? context.messages.text(title) : title.text,
    ...{ body, owner, note, islands },
    ...(status !== undefined && { status }),
  })
}
