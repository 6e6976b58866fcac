/** How many scopes a client may declare and request: the OAuth library compares each with all others. */

const MAX_SCOPES = 1000
/** Of a request: each permission set (`include:<nsid>`) is looked up. */
export const MAX_INCLUDES = 20

/** Throws a RangeError. */
export function mustHaveFewScopes(scope: unknown): void {
  if (typeof scope !== 'string') return
  if (scope.split(' ', MAX_SCOPES + 1).length > MAX_SCOPES) {
    throw new RangeError(`more than ${MAX_SCOPES} scopes`)
  }
}

/** Throws a RangeError. */
export function mustHaveFewIncludes(scope: unknown): void {
  if (typeof scope !== 'string') return
  const includes = scope.split(' ').filter((one) => one.startsWith('include:'))
  if (includes.length > MAX_INCLUDES) {
    throw new RangeError(`more than ${MAX_INCLUDES} permission sets (include)`)
  }
}
