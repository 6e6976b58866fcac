/** Bounds how much a JSON value of an unauthenticated caller or another server may hold, before a library validates it. */

export interface JsonBounds {
  /** Levels of arrays and objects. */
  depth: number
  /** Values in all: members, items, and what is in them. */
  values: number
  /** Items of one array. */
  items: number
  /** Characters of a string; those of the members in `longStrings` are not bounded. */
  letters: number
  longStrings?: readonly string[]
}

/** Throws a RangeError that says which bound `value` exceeds. It walks no further than the bounds. */
export function mustBeWithin(value: unknown, bounds: JsonBounds): void {
  let values = 0
  const walk = (item: unknown, name: string, depth: number): void => {
    if (++values > bounds.values) throw new RangeError(`more than ${bounds.values} values`)
    if (typeof item === 'string') {
      if (item.length > bounds.letters && !bounds.longStrings?.includes(name)) {
        throw new RangeError(`a string of more than ${bounds.letters} characters`)
      }
    } else if (typeof item === 'object' && item !== null) {
      if (depth === bounds.depth) throw new RangeError(`more than ${bounds.depth} levels`)
      if (Array.isArray(item) && item.length > bounds.items) {
        throw new RangeError(`an array of more than ${bounds.items} items`)
      }
      // The keys of an object are no more than its values, whose number is bounded; Object.entries would copy all of them.
      for (const key in item) walk((item as Record<string, unknown>)[key], key, depth + 1)
    }
  }
  walk(value, '', 0)
}

/** The value of a JSON text; undefined if it is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
