import { l, type StringFormat } from '@atproto/lex-schema'
import { describe, expect, it } from 'vitest'
import { fixtureLines } from '#tests/support/fixtures.ts'

/** The fixtures' names of the lexicon's string formats. */
const formats: Record<string, StringFormat> = {
  atidentifier: 'at-identifier',
  aturi: 'at-uri',
  cid: 'cid',
  datetime: 'datetime',
  did: 'did',
  handle: 'handle',
  language: 'language',
  nsid: 'nsid',
  recordkey: 'record-key',
  tid: 'tid',
  uri: 'uri',
}

/** Where the validator of records, which is the reference's, is known to differ from the fixtures. */
const wronglyRefused: Record<string, string[]> = {
  // Only base32 CIDs, the ones that the data model has a use for.
  cid: [
    'mBcDxtdWx0aWhhc2g+',
    'z7x3CtScH765HvShXT',
    'zdj7WhuEjrB52m1BisYCtmjH1hSKa7yZ3jEZ9JcXaFRD51wVz',
    '7134036155352661643226414134664076',
    'f017012202c5f688262e0ece8569aa6f94d60aad55ca8d9d83734e4a7430d0cff6588ec2b',
    'zdj7WWeQ43G6JJvLWQWZpyHuAMq6uYWRjkBXFad11vE2LHhQ7',
  ],
  uri: ['microsoft.windows.camera:thing', 'content-type:text/plan'],
}
const wronglyAccepted: Record<string, string[]> = {
  cid: ['QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR'],
  uri: [`https://example.com/${'x'.repeat(60)}`],
}

for (const [name, format] of Object.entries(formats)) {
  const accepts = (text: string) => l.string({ format }).safeParse(text).success
  const start = (text: string) => text.slice(0, 80)

  describe(format, () => {
    it('accepts what is valid', () => {
      const valid = fixtureLines(`syntax/${name}_syntax_valid.txt`)
      expect(valid.length).toBeGreaterThan(0)
      const refused = valid.filter((text) => !accepts(text))
      expect(refused.sort()).toEqual((wronglyRefused[name] ?? []).sort())
    })

    it('refuses what is invalid', () => {
      const invalid = fixtureLines(`syntax/${name}_syntax_invalid.txt`)
      expect(invalid.length).toBeGreaterThan(0)
      const accepted = invalid.filter(accepts).map(start)
      expect(accepted.sort()).toEqual((wronglyAccepted[name] ?? []).sort())
    })
  })
}

describe('datetime, by meaning', () => {
  it('refuses what no calendar has', () => {
    const accepted = fixtureLines('syntax/datetime_parse_invalid.txt').filter(
      (text) => l.string({ format: 'datetime' }).safeParse(text).success,
    )
    expect(accepted).toEqual([])
  })
})
