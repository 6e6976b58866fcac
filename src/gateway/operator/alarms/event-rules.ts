/** Rules about events on their way to the firehose and its subscribers. */
import { HOUR_MS, type Rule, recent, seconds } from '#src/gateway/operator/alarms/rule.ts'

const DAY_MS = 24 * HOUR_MS

export const eventRules: readonly Rule[] = [
  {
    name: 'HeadwaterEventsNotSequenced',
    what: 'Events reach the firehose',
    look: (vitals) => {
      const least = Math.min(...recent(vitals).map(({ backlog }) => backlog))
      return {
        bad: Number.isFinite(least) && least > 100,
        value: `${vitals.samples.at(-1)!.backlog} wait`,
      }
    },
    advice:
      'Records are stored, but relays do not hear of them: the engine or the sequencer does not answer. The log says so.',
    path: '/firehose',
  },
  {
    name: 'HeadwaterUndeliveredEvents',
    what: 'No account sleeps with undelivered events',
    look: (_, { undelivered, awake }) =>
      undelivered === null
        ? undefined
        : { bad: undelivered > 50 + 2 * awake, value: `${undelivered} may have some` },
    advice:
      'Almost always the engine or the sequencer does not answer. Events are delivered later, in order.',
  },
  {
    name: 'HeadwaterFirehoseLag',
    what: 'This gateway gets events',
    look: (_, { lag }) =>
      lag === null ? undefined : { bad: lag > 10, value: `${seconds(lag)} behind` },
    advice: 'Restart this gateway.',
    path: '/firehose',
  },
  {
    name: 'HeadwaterSubscriberLag',
    what: 'Subscribers keep up',
    look: (_, { slowest, subscribers }) => ({
      bad: slowest > 60,
      value:
        subscribers === 0
          ? 'there are none'
          : `the slowest of ${subscribers} is ${seconds(slowest)} behind`,
    }),
    advice: 'It is disconnected if it falls too far behind, and comes back with its cursor.',
    path: '/firehose',
  },
  {
    name: 'HeadwaterEventsNotTrimmed',
    what: 'Old events are trimmed',
    look: ({ oldestEventAt, now }) =>
      oldestEventAt === undefined
        ? undefined
        : {
            bad: now - oldestEventAt > 2 * DAY_MS,
            value: `the oldest is ${((now - oldestEventAt) / HOUR_MS).toFixed(0)} h old`,
          },
    advice:
      'Expected if nothing is written, or if PDS_REPO_BACKFILL_LIMIT_MS is longer than a day. Otherwise a bug.',
    path: '/firehose',
  },
]
