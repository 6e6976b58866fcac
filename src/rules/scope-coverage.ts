/**
 * Whether OAuth scopes include another one, decided by their text. Where that does not tell, the answer is no: a
 * permission set, for example, is included only by itself.
 */

const WRITES = ['create', 'update', 'delete']

interface Scope {
  resource: string
  /** What stands behind the colon, or is given as the parameter of that name. */
  values: string[]
  params: URLSearchParams
}

/** The name of the parameter that may also stand behind the colon. */
const positional: Readonly<Record<string, string>> = {
  repo: 'collection',
  blob: 'accept',
  rpc: 'lxm',
  account: 'attr',
  identity: 'attr',
}

export function coversScope(own: readonly string[], wanted: string): boolean {
  if (own.includes(wanted)) return true
  const parts = partsOf(parse(wanted))
  return parts.length > 0 && parts.every((part) => own.some((scope) => includesPart(scope, part)))
}

/**
 * What both allow, as scopes: those of `wanted` that `own` covers, and of the others what both have in common. As
 * careful as `coversScope`: it leaves out what the text does not tell.
 */
export function commonScopes(own: readonly string[], wanted: readonly string[]): string[] {
  const covered = wanted.filter((scope) => coversScope(own, scope))
  const rest = wanted.filter((scope) => !covered.includes(scope))
  return [...new Set([...covered, ...within(own, rest), ...within(rest, own)])]
}

/** The single permissions in `scopes` that `limit` covers. */
function within(limit: readonly string[], scopes: readonly string[]): string[] {
  return scopes.flatMap((scope) => {
    if (coversScope(limit, scope)) return [scope]
    return partsOf(parse(scope))
      .map(textOf)
      .filter((part) => coversScope(limit, part))
  })
}

function textOf({ resource, value, action, aud }: Part): string {
  const params = new URLSearchParams({ ...(action && { action }), ...(aud && { aud }) })
  return `${resource}:${value}${params.size === 0 ? '' : `?${params}`}`
}

interface Part {
  resource: string
  value: string
  /** Of repo and account. */
  action?: string
  /** Of rpc. */
  aud?: string | null
}

function parse(text: string): Scope {
  const [path = '', query = ''] = split(text, '?')
  const [resource = '', value] = split(path, ':')
  const params = new URLSearchParams(query)
  const values = value === undefined ? [] : [decoded(value)]
  return { resource, values: [...values, ...params.getAll(positional[resource] ?? '')], params }
}

/** The scope as the single permissions that it consists of; empty if it is of another kind. */
function partsOf({ resource, values, params }: Scope): Part[] {
  const actions = params.getAll('action')
  switch (resource) {
    case 'repo':
      return values.flatMap((value) =>
        (actions.length === 0 ? WRITES : actions).map((action) => ({ resource, value, action })),
      )
    case 'account':
      return values.flatMap((value) =>
        (actions.length === 0 ? ['read'] : actions).map((action) => ({ resource, value, action })),
      )
    case 'rpc':
      return values.map((value) => ({ resource, value, aud: params.get('aud') }))
    case 'blob':
    case 'identity':
      return values.map((value) => ({ resource, value }))
    default:
      return []
  }
}

function includesPart(text: string, wanted: Part): boolean {
  if (text === 'transition:generic') return isGeneric(wanted)
  if (text === 'transition:chat.bsky') return isOfRpc(wanted) && isChat(wanted.value)
  if (text === 'transition:email') return wanted.resource === 'account' && isEmailRead(wanted)
  return partsOf(parse(text)).some((part) => includes(part, wanted))
}

function includes(own: Part, wanted: Part): boolean {
  if (own.resource !== wanted.resource) return false
  switch (own.resource) {
    case 'repo':
      return isAnyOr(own.value, wanted.value) && own.action === wanted.action
    case 'account':
      return own.value === wanted.value && [wanted.action, 'manage'].includes(own.action)
    case 'rpc':
      return isAnyOr(own.value, wanted.value) && isAnyOr(own.aud ?? '', wanted.aud ?? '')
    case 'blob':
      return acceptsType(own.value, wanted.value)
    default:
      return isAnyOr(own.value, wanted.value)
  }
}

function isAnyOr(own: string, wanted: string): boolean {
  return own === '*' || own === wanted
}

function acceptsType(own: string, wanted: string): boolean {
  if (own === '*/*' || own === wanted) return true
  return own.endsWith('/*') && wanted.startsWith(own.slice(0, -1))
}

/** As `ScopePermissionsTransition` has it: everything in the repo, blobs, and all calls except those of the chat. */
function isGeneric(wanted: Part): boolean {
  if (wanted.resource === 'repo' || wanted.resource === 'blob') return true
  return isOfRpc(wanted) && wanted.value !== '*' && !isChat(wanted.value)
}

function isOfRpc({ resource }: Part): boolean {
  return resource === 'rpc'
}

function isChat(lxm: string): boolean {
  return lxm.startsWith('chat.bsky.')
}

function isEmailRead({ value, action }: Part): boolean {
  return value === 'email' && action === 'read'
}

function split(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator)
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
