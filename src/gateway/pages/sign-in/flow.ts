/** Where the pages of one sign-in lead to: within an app's authorization request, or without one. */
import { parseReturnTo } from '#src/gateway/pages/return-to.ts'
import {
  authorizePath,
  resetPath,
  signInPath,
  signUpPath,
  type stateParams,
} from '#src/gateway/pages/sign-in/paths.ts'

export type PageName = 'choose' | 'sign-in' | 'step' | 'sign-up' | 'reset' | 'new-password'
export type State = { page?: PageName } & { [name in (typeof stateParams)[number]]?: string }

export interface Flow {
  /** The app's request; undefined for pages without one, and empty if it is missing. */
  requestUri: string | undefined
  /** The path of a page of this flow; without a state, of its first. */
  link(state?: State): string
  /** Where to go once signed in; undefined for the app's request, whose page follows. */
  next: string | undefined
  /** Whether that is an app's request, which was left for this sign-in. */
  isToApp: boolean
}

const accountPaths: Readonly<Record<PageName, string>> = {
  choose: signInPath,
  'sign-in': signInPath,
  step: signInPath,
  'sign-up': signUpPath,
  reset: resetPath,
  'new-password': resetPath,
}

/** For links without a host. */
const anyOrigin = 'https://this.invalid'

/** Of a sign-in that is needed for a page of this server, or to go back to an app's request. */
export function flowTo(next: string): Flow {
  return accountFlow(new URL(`${signInPath}?${new URLSearchParams({ next })}`, anyOrigin))
}

export function flowOf(url: URL): Flow {
  return url.pathname === authorizePath ? authorizationFlow(url) : accountFlow(url)
}

function authorizationFlow({ searchParams }: URL): Flow {
  const names = ['client_id', 'request_uri']
  const request = names.map((name): Param => [name, searchParams.get(name) ?? ''])
  return {
    requestUri: searchParams.get('request_uri') ?? '',
    link: (state = {}) => pathWith(authorizePath, [...request, ...Object.entries(state)]),
    next: undefined,
    isToApp: false,
  }
}

function accountFlow({ searchParams }: URL): Flow {
  const next = parseReturnTo(searchParams.get('next'), anyOrigin)
  const kept: Param[] = next === undefined ? [] : [['next', next]]
  return {
    requestUri: undefined,
    link: ({ page = 'sign-in', ...state } = {}) => {
      const path = accountPaths[page]
      const isFirst = page !== 'step' && page !== 'new-password'
      const named: Param[] = isFirst ? [] : [['page', page]]
      return pathWith(path, [...kept, ...named, ...Object.entries(state)])
    },
    next: next ?? '/account',
    isToApp: next?.startsWith(`${authorizePath}?`) === true,
  }
}

type Param = [name: string, value: string]

function pathWith(path: string, params: Param[]): string {
  const query = new URLSearchParams(params)
  return query.size === 0 ? path : `${path}?${query}`
}
