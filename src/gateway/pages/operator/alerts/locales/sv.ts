/** The texts of alerts and checks in Swedish. */
import type { AlertTexts } from '#src/gateway/pages/operator/alerts/locales/en.ts'

export const sv: AlertTexts = {
  'what.HeadwaterEngineDown': 'Motor',
  'what.HeadwaterEngineRestarts': 'Omstarter av motorn',
  'what.HeadwaterStorageDown': 'Lagring',
  'what.HeadwaterStoreLostItsEnd': 'Data som förlorades före senaste starten',
  'what.HeadwaterDiskLow': 'Ledigt diskutrymme',
  'what.HeadwaterDiskFullInADay': 'Disken full inom ett dygn',
  'what.HeadwaterDiskFullInAMonth': 'Disken full inom en månad',
  'what.HeadwaterLongLog': 'Logg att läsa vid nästa start',
  'what.HeadwaterSyncsSlow': 'Tid för disksynkning',
  'what.HeadwaterBackupOld': 'Senaste fullständiga säkerhetskopian',
  'what.HeadwaterBackupFailed': 'Senaste försöket till säkerhetskopiering',
  'what.HeadwaterBackupDrillFailed': 'Senaste återställningsövningen',
  'what.HeadwaterArchivesFail': 'Konton som inte kunde arkiveras',
  'what.HeadwaterArchiveDrillsFail': 'Arkiv som inte kunde återställas',
  'what.HeadwaterArchivesLate': 'Arkivering av alla konton',
  'what.HeadwaterErrors': 'Serverfel',
  'what.HeadwaterErrorsOfOtherServices': 'Fel hos andra tjänster',
  'what.HeadwaterPageErrors': 'Fel på sidor och vid inloggning',
  'what.HeadwaterOverloaded': 'Händelseloopens fördröjning',
  'what.HeadwaterTooManyAwake': 'Vakna konton',
  'what.HeadwaterAccountsPutToSleep': 'Konton som sövts för att ge plats',
  'what.HeadwaterRateLimited': 'Begränsade anrop',
  'what.HeadwaterUnhandledRejections': 'Ohanterade fel',
  'what.HeadwaterEventsNotSequenced': 'Händelser som inte är på firehose än',
  'what.HeadwaterUndeliveredEvents': 'Konton med ej levererade händelser',
  'what.HeadwaterFirehoseLag': 'Firehosens eftersläpning i denna gateway',
  'what.HeadwaterSubscriberLag': 'Prenumeranternas eftersläpning',
  'what.HeadwaterEventsNotTrimmed': 'Äldsta händelsen i loggen',
  'what.HeadwaterRelayThrottles': 'Konton som reläer begränsar',
  'what.HeadwaterRelayLimitNear': 'Reläernas kontogränser',
  'what.HeadwaterRelayStatus': 'Status hos reläer',
  'what.HeadwaterRelayLag': 'Reläernas eftersläpning',
  'what.HeadwaterWebhooksWait': 'Webhookleveranser som väntar',
  'what.HeadwaterWebhookDisabled': 'Inaktiverade webhookar',
  'advice.HeadwaterEngineDown':
    'Den startas om automatiskt inom några sekunder. Om det inte hjälper, kontrollera engine/engine.log i datamappen, minne och diskutrymme.',
  'advice.HeadwaterEngineRestarts':
    'Kontrollera slutet av engine/engine.log i datamappen, minnet (dmesg nämner processer som avslutats av brist på det) och diskutrymmet.',
  'advice.HeadwaterStorageDown':
    'writable: disken är full, skrivskyddad eller trasig. blobs: kontrollera mappen eller bucketen. accountDb, sequencerDb: kontrollera motorn.',
  'advice.HeadwaterStoreLostItsEnd':
    'Orsaken är ett strömavbrott med PDS_DURABILITY=process, en disk som bekräftar skrivningar för tidigt, eller en återställd säkerhetskopia. Kontona meddelar sin status till reläerna igen.',
  'advice.HeadwaterDiskLow': 'Frigör utrymme eller utöka volymen. Ingen omstart behövs.',
  'advice.HeadwaterDiskFullInADay':
    'Frigör utrymme eller utöka volymen. Gamla säkerhetskopior på samma disk håller kvar tabeller som motorn har raderat.',
  'advice.HeadwaterDiskFullInAMonth':
    'Utöka volymen i tid. Diagrammen nedan visar om det är konton eller händelser som växer.',
  'advice.HeadwaterLongLog':
    'Nästa start tar en sekund längre för varje 25 MB. Starta om servern vid en lugn tidpunkt.',
  'advice.HeadwaterSyncsSlow':
    'Något annat upptar disken, disken är trasig (se dmesg), eller nätverksvolymen är för långsam.',
  'advice.HeadwaterBackupOld':
    'headwater backup kördes inte, eller inte till slutet. Kontrollera timern eller cronjobbet.',
  'advice.HeadwaterBackupFailed': 'Frigör utrymme, eller rätta kommandot, och kör det igen.',
  'advice.HeadwaterBackupDrillFailed':
    'Säkerhetskopian kan inte återställas som den är: gör en ny och kör headwater backup drill.',
  'advice.HeadwaterArchivesFail':
    'headwater archive list --failed visar orsakerna. De prövas igen i nästa omgång.',
  'advice.HeadwaterArchiveDrillsFail':
    'headwater archive list --failed visar orsakerna. Gör ett nytt arkiv med headwater archive create, sedan headwater archive drill.',
  'advice.HeadwaterArchivesLate':
    'Ingen gateway arkiverar konton, eller så tar en omgång längre än PDS_ARCHIVE_INTERVAL_HOURS. Se loggen.',
  'advice.HeadwaterErrors':
    'Loggen har en rad för varje, med x-request-id. 503 är att servern avvisar arbete; 507 är disken.',
  'advice.HeadwaterErrorsOfOtherServices':
    'AppView, en modereringstjänst eller PLC-katalogen har fel; loggen säger vilken.',
  'advice.HeadwaterPageErrors': 'Loggen har en rad för varje, med x-request-id.',
  'advice.HeadwaterOverloaded':
    'Slå på PDS_RATE_LIMITS_ENABLED. Fler processorer hjälper bara med flera processer.',
  'advice.HeadwaterTooManyAwake':
    'Höj PDS_MAX_AWAKE_ACCOUNTS om det finns 1 MB minne för varje ytterligare konto. Om minnet är knappt, sänk det.',
  'advice.HeadwaterAccountsPutToSleep':
    'Fler konton används än PDS_MAX_AWAKE_ACCOUNTS. Höj det om det finns minne.',
  'advice.HeadwaterRateLimited':
    'För att undanta en klient, ange PDS_RATE_LIMIT_BYPASS_IPS. Om alla klienter har samma adress, ange PDS_TRUSTED_PROXIES.',
  'advice.HeadwaterUnhandledRejections':
    'Det här är en bugg. Rapportera stackspåret från loggen. Servern fortsätter köra.',
  'advice.HeadwaterEventsNotSequenced':
    'Poster lagras men når inte reläer: motorn eller sekvenseraren svarar inte. Se loggen.',
  'advice.HeadwaterUndeliveredEvents':
    'Oftast svarar inte motorn eller sekvenseraren. Händelser levereras senare, i ordning.',
  'advice.HeadwaterFirehoseLag': 'Starta om denna gateway.',
  'advice.HeadwaterSubscriberLag':
    'En prenumerant som hamnar för långt efter kopplas från och ansluter igen med sin markör.',
  'advice.HeadwaterEventsNotTrimmed':
    'Väntat om inget skrivs, eller om PDS_REPO_BACKFILL_LIMIT_MS är längre än ett dygn. Annars är det en bugg.',
  'advice.HeadwaterRelayThrottles':
    'Ett relä begränsar antalet konton för en server. Skicka den förberedda begäran till dess operatör.',
  'advice.HeadwaterRelayLimitNear': 'Be om en högre gräns innan den nås; begäran är förberedd.',
  'advice.HeadwaterRelayStatus':
    'Om den här servern är offline där, kontrollera DNS, TLS och brandväggen. Om den är blockerad, fråga reläets operatör. Om den är okänd, begär en genomsökning.',
  'advice.HeadwaterRelayLag':
    'Reläet begränsar den här serverns händelser, eller är inte anslutet. Begär en genomsökning.',
  'advice.HeadwaterWebhooksWait':
    'En mottagare svarar inte, eller inte med 2xx. Leveranser prövas igen i tre dagar.',
  'advice.HeadwaterWebhookDisabled':
    'Mottagaren svarade 410, eller bara med fel i fem dagar. Åtgärda den och aktivera den: leveranserna fortsätter där de stannade.',
  noData: 'inga data än',
  ok: 'OK',
  failed: 'misslyckades',
  none: 'inga',
  no: 'nej',
  noAnswer: 'svarar inte',
  sinceStart: '{n} sedan starten',
  unusable: 'oanvändbart: {parts}',
  lastOnes: 'de senaste {time}',
  sizeFree: '{size} ledigt',
  fullAtThisRate: 'ja, i den senaste timmens takt',
  old: '{age} gammal',
  noArchives: 'inga arkiv',
  late: '{time} försenat',
  inTime: 'i tid',
  noneFailed: 'inga misslyckade',
  failPerSecond: '{n} misslyckas per sekund',
  perSecond: '{n} per sekund',
  ofTotal: '{n} av {total}',
  noneLastHour: 'inga den senaste timmen',
  noCalls: 'inga anrop',
  nWaiting: '{n} väntar',
  atMost: 'högst {n}',
  noSubscribers: 'inga prenumeranter',
  slowestOf: '{time} för den långsammaste av {n}',
  closeTo: 'nära {limit} hos {relay}',
  statusAt: '{status} hos {relay}',
  noRelays: 'inga reläer inställda',
  'check.storage': 'lagring',
  'check.disk': 'disk',
  'check.mail': 'e-post',
  'check.plc': 'PLC-katalogen',
  'check.keys': 'nycklar',
  'check.relays': 'reläer',
  'check.relay': 'relä {relay}',
  seeLog: 'Se serverns logg.',
  allUsable: 'Alla delar går att använda.',
  notUsable: 'Går inte att använda: {parts}',
  isEngineUp: 'Kör motorn (RIVET_ENDPOINT, om den är på annat håll)? Se serverns logg.',
  spaceUnknown: 'Ledigt utrymme är inte känt.',
  spaceFree: '{size} ledigt på datamappens volym',
  makeRoom: 'Frigör utrymme, eller byt till en större volym.',
  mailsWritten: 'Mejl skrivs till {folder} och skickas inte.',
  setMail: 'Ange PDS_EMAIL_SMTP_URL och PDS_EMAIL_FROM_ADDRESS.',
  mailAccepted: 'E-postservern godtar inloggningen; headwater mail test skickar ett mejl.',
  mailRefused: 'E-postservern avvisar: {reason}',
  correctMail: 'Rätta PDS_EMAIL_SMTP_URL.',
  plcAnswers: 'Den svarar.',
  checkPlcCalls:
    'Kontrollera DNS och brandväggen för anrop från den här maskinen, och PDS_DID_PLC_URL.',
  ownKeys: 'De är de som data skrevs med; det finns inget did:plc-konto att jämföra med.',
  rotationKeyMissing: 'PLC-katalogen anger inte den här serverns rotationsnyckel för {did}.',
  setRotationKey: 'Ange det tidigare PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX.',
  signingKeyMissing: 'DID-dokumentet för {did} har inte kontots signeringsnyckel.',
  keysAgree: 'De är de som data skrevs med, och PLC-katalogen stämmer för {did}.',
  noRelayAsked: 'Inget relä ombeds att genomsöka den här servern.',
  setCrawlers: 'Ange PDS_CRAWLERS, till exempel https://bsky.network.',
  checkRelayCalls:
    'Kontrollera DNS och brandväggen för anrop från den här maskinen, och PDS_CRAWLERS.',
  statusThere: 'Serverns status där: {status}',
  knowsServer: 'Det känner till den här servern.',
  behind: '{time} efter',
  throttledThere: 'Konton som begränsas där: {n}. Det de skriver förs inte vidare.',
  limitNear: 'Konton: {n}. Reläet tar kanske inte emot fler än {limit}.',
  unreachable: 'Går inte att nå: {reason}',
}
