/** The permissions of an app in a few words, from the scope of its grant. */
import type { AccountMessages } from '#src/gateway/pages/account/texts.ts'

const MAX_NAMED = 3

export function scopeWords(texts: AccountMessages, scope: string): string[] {
  const scopes = scope.split(' ').map((text) => {
    const [head = '', query = ''] = text.split('?', 2)
    const [kind = '', ...rest] = head.split(':')
    return { kind, about: rest.join(':'), params: new URLSearchParams(query) }
  })
  const has = (kind: string, about?: string) =>
    scopes.some((one) => one.kind === kind && (about === undefined || one.about === about))
  const collections = scopes
    .filter(({ kind }) => kind === 'repo')
    .flatMap(({ about, params }) => [about, ...params.getAll('collection')])
    .filter(Boolean)
  const isAll = has('transition', 'generic') || collections.includes('*')
  const sets = scopes.filter(({ kind }) => kind === 'include').map(({ about }) => about)
  const words = [
    isAll && texts.text('mayAll'),
    !isAll && collections.length > 0 && texts.text('mayRecords', { names: listed(collections) }),
    ...sets,
    has('transition', 'chat.bsky') && texts.text('mayMessages'),
    (has('transition', 'email') || has('account', 'email')) && texts.text('mayEmail'),
    has('blob') && !isAll && texts.text('mayUpload'),
    has('rpc') && !isAll && texts.text('mayCall'),
    (has('identity') || has('account', 'status')) && texts.text('mayManage'),
  ].filter((word) => word !== false)
  return words.length === 0 ? [texts.text('mayIdentify')] : words
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).join(', ')
  return names.length > MAX_NAMED ? `${shown}, +${names.length - MAX_NAMED}` : shown
}
