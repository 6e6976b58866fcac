/** Where Headwater does not do what the reference does, on purpose: the rows of docs/design/differences.md. */

export interface Intended {
  /** As in the first column of the page. */
  what: string
  why: string
  /** Labels of the calls in which it is seen, and which of the differing parts; absent where no call shows it. */
  seen?: [call: RegExp, parts?: RegExp][]
}

export const intended: Intended[] = [
  {
    what: 'TEMP',
    why: '',
    seen: [
      [/./, /^headers.(access-control-expose-headers|vary|cache-control)/],
      [/identity.(resolveDid|resolveIdentity|refreshIdentity)$/],
      [/sync.(requestCrawl|notifyOfUpdate)$/],
      [/(search|updateAccountSigningKey)$/],
      [/a DPoP token/],
      [/(null|half a JSON):/],
      [/Preferences/],
    ],
  },
]
