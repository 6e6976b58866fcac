/** The account's preferences (app.bsky.actor.getPreferences, putPreferences), stored unchanged. */
import type { Account } from '#src/account/account.ts'
import { addPrivateEvents, MAX_NAME_LENGTH } from '#src/account/private-events.ts'
import { invalidRequest } from '#src/errors.ts'
import type { Statement } from '#src/ports/sql.ts'
import { mustManage } from '#src/rules/states.ts'

export interface Preference {
  $type: string
  [member: string]: unknown
}

const NAMESPACE = 'app.bsky'
const PERSONAL_DETAILS = 'app.bsky.actor.defs#personalDetailsPref'
const DECLARED_AGE = 'app.bsky.actor.defs#declaredAgePref'

/** Of a change that is announced: a session may name types as it likes. */
const MAX_NAMES = 100

// A JSON array, in the order of the last put.
const select = 'SELECT value FROM preferences'

/**
 * All preferences that the session may read: personal details only with full access. The declared age is computed from
 * the birth date on every call, and included for every session.
 */
export async function getPreferences(
  account: Account,
  { fullAccess }: { fullAccess: boolean },
): Promise<{ preferences: Preference[] }> {
  if ((await account.profile.get()).status === 'deleted') {
    throw invalidRequest('Repo not found', 'NotFound')
  }
  const row = await account.sql.first<{ value: string }>(select)
  const stored = JSON.parse(row?.value ?? '[]') as Preference[]
  const details = stored.find(({ $type }) => $type === PERSONAL_DETAILS)
  const age = declaredAge(details?.['birthDate'], account.clock.now())
  const preferences = stored.filter(({ $type }) => fullAccess || $type !== PERSONAL_DETAILS)
  return { preferences: age === undefined ? preferences : [...preferences, age] }
}

/**
 * Replaces all preferences that the session may read. Preferences that only this server sets are dropped silently.
 * Throws 400 if one is of another namespace, or not writable by the session.
 */
export async function putPreferences(
  account: Account,
  { preferences, fullAccess }: { preferences: Preference[]; fullAccess: boolean },
): Promise<void> {
  mustManage((await account.profile.get()).status)
  const types = preferences.map(({ $type }) => $type)
  if (!types.every((type) => type === NAMESPACE || type.startsWith(`${NAMESPACE}.`))) {
    throw invalidRequest(`Some preferences are not in the ${NAMESPACE} namespace`)
  }
  if (!fullAccess && types.includes(PERSONAL_DETAILS)) {
    const forbidden = types.filter((type) => type === PERSONAL_DETAILS).join(', ')
    throw invalidRequest(`Do not have authorization to set preferences: ${forbidden}`)
  }
  const stored = JSON.stringify(preferences.filter(({ $type }) => $type !== DECLARED_AGE))
  // One statement, so that concurrent puts do not lose preferences that only one of the sessions can read.
  const sql = fullAccess ? replaceAll : replaceReadable
  await account.sql.batch([changeEvent(account, stored, fullAccess), { sql, params: [stored] }])
}

/** An event unless nothing changes. Run it before the preferences are replaced. */
function changeEvent(account: Account, stored: string, fullAccess: boolean): Statement {
  const isReplaced = fullAccess
    ? ''
    : `WHERE json_extract(value, '$."$type"') <> '${PERSONAL_DETAILS}'`
  // `json_each` has a column `type`, so none of these is named like it.
  const byName = `SELECT json_extract(value, '$."$type"') AS name, json_group_array(json(value)) AS found`
  const query = `
    SELECT NULL AS subject, json_object('names', json(names)) AS body FROM (
      SELECT json_group_array(substr(name, 1, ${MAX_NAME_LENGTH})) AS names, count(*) AS changes FROM (
        SELECT name FROM (
          ${byName} FROM (
            SELECT each.value FROM preferences, json_each(preferences.value) AS each
          ) ${isReplaced} GROUP BY name
          UNION ALL
          ${byName} FROM json_each(?) GROUP BY name
        ) GROUP BY name HAVING count(*) = 1 OR min(found) <> max(found) LIMIT ${MAX_NAMES}
      )
    ) WHERE changes > 0`
  return addPrivateEvents(account, '#preferences', query, [stored])
}

const orReplace = 'ON CONFLICT (id) DO UPDATE SET value = excluded.value'

const replaceAll = `INSERT INTO preferences (id, value) VALUES (1, ?) ${orReplace}`

const replaceReadable = `
  INSERT INTO preferences (id, value)
  SELECT 1, json_group_array(json(value)) FROM (
    SELECT each.value AS value FROM preferences, json_each(preferences.value) AS each
    WHERE json_extract(each.value, '$."$type"') = '${PERSONAL_DETAILS}'
    UNION ALL
    SELECT value FROM json_each(?)
  ) WHERE true ${orReplace}`

function declaredAge(birthDate: unknown, now: number): Preference | undefined {
  const birth = typeof birthDate === 'string' ? new Date(birthDate) : undefined
  if (birth === undefined || Number.isNaN(birth.getTime())) return undefined
  const age = yearsBetween(birth, new Date(now))
  return {
    $type: DECLARED_AGE,
    isOverAge13: age >= 13,
    isOverAge16: age >= 16,
    isOverAge18: age >= 18,
  }
}

function yearsBetween(birth: Date, today: Date): number {
  const years = today.getUTCFullYear() - birth.getUTCFullYear()
  const months = today.getUTCMonth() - birth.getUTCMonth()
  const isBeforeBirthday = months < 0 || (months === 0 && today.getUTCDate() < birth.getUTCDate())
  return isBeforeBirthday ? years - 1 : years
}
