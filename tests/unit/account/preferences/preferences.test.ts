/** Preferences: visibility, replacement, and computed age flags. */
import { describe, expect, it } from 'vitest'
import { getPreferences, putPreferences } from '#src/account/preferences/preferences.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const pref = (name: string, more: object = {}) => ({
  $type: `app.bsky.actor.defs#${name}`,
  ...more,
})
const adult = pref('adultContentPref', { enabled: true })
const feeds = pref('savedFeedsPref', { saved: ['ä "quoted"'], pinned: [] })
const details = (birthDate: string) => pref('personalDetailsPref', { birthDate })
const full = { fullAccess: true }
const narrow = { fullAccess: false }

async function types(account: Awaited<ReturnType<typeof openTestAccount>>, access: typeof full) {
  const { preferences } = await getPreferences(account, access)
  return preferences.map(({ $type }) => $type.split('#')[1])
}

describe('preferences', () => {
  it('getPreferences is empty at first, and then returns what was put last', async () => {
    const account = await openTestAccount()
    expect(await getPreferences(account, full)).toEqual({ preferences: [] })
    await putPreferences(account, { preferences: [adult, feeds], ...full })
    expect(await getPreferences(account, narrow)).toEqual({ preferences: [adult, feeds] })
    await putPreferences(account, { preferences: [feeds, feeds], ...narrow })
    expect(await getPreferences(account, full)).toEqual({ preferences: [feeds, feeds] })
    await putPreferences(account, { preferences: [], ...full })
    expect(await getPreferences(account, full)).toEqual({ preferences: [] })
  })

  it('putPreferences keeps the preferences that the session cannot see', async () => {
    const account = await openTestAccount()
    await putPreferences(account, { preferences: [adult, details('2000-01-01')], ...full })
    await putPreferences(account, { preferences: [feeds], ...narrow })
    expect(await types(account, full)).toEqual([
      'personalDetailsPref',
      'savedFeedsPref',
      'declaredAgePref',
    ])
    expect(await types(account, narrow)).toEqual(['savedFeedsPref', 'declaredAgePref'])
    await putPreferences(account, { preferences: [], ...full })
    expect(await types(account, full)).toEqual([])
  })

  it.each([
    ['2013-01-01', [true, false, false]],
    ['2013-01-02', [false, false, false]],
    ['2010-01-01T00:00:00.000Z', [true, true, false]],
    ['2008-01-01', [true, true, true]],
    ['2008-01-02', [true, true, false]],
  ])(
    'getPreferences for the birth date %s adds only the age flags',
    async (birthDate, [a, b, c]) => {
      const account = await openTestAccount()
      await putPreferences(account, { preferences: [details(birthDate)], ...full })
      const { preferences } = await getPreferences(account, narrow)
      expect(preferences).toEqual([
        pref('declaredAgePref', { isOverAge13: a, isOverAge16: b, isOverAge18: c }),
      ])
    },
  )

  it('putPreferences does not store the read-only age flags', async () => {
    const account = await openTestAccount()
    const claimed = pref('declaredAgePref', { isOverAge18: true })
    await putPreferences(account, { preferences: [claimed, adult], ...full })
    expect(await types(account, full)).toEqual(['adultContentPref'])
  })

  it('putPreferences is rejected as a whole if one preference is not allowed', async () => {
    const account = await openTestAccount()
    const put = (preferences: (typeof adult)[], access: typeof full) =>
      putPreferences(account, { preferences, ...access })
    await put([adult], full)
    const foreign = put([feeds, { $type: 'app.bskyish.pref' }], full)
    await expect(foreign).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
    const personal = put([feeds, details('2000-01-01')], narrow)
    await expect(personal).rejects.toMatchObject({ status: 400, error: 'InvalidRequest' })
    expect(await types(account, full)).toEqual(['adultContentPref'])
  })
})
