/** The texts of alerts and checks in Romanian. */
import type { AlertTexts } from '#src/gateway/pages/operator/alerts/locales/en.ts'

export const ro: AlertTexts = {
  'what.HeadwaterEngineDown': 'Motor',
  'what.HeadwaterEngineRestarts': 'Reporniri ale motorului',
  'what.HeadwaterStorageDown': 'Stocare',
  'what.HeadwaterStoreLostItsEnd': 'Date pierdute înainte de ultima pornire',
  'what.HeadwaterDiskLow': 'Spațiu liber pe disc',
  'what.HeadwaterDiskFullInADay': 'Disc plin într-o zi',
  'what.HeadwaterDiskFullInAMonth': 'Disc plin într-o lună',
  'what.HeadwaterLongLog': 'Jurnal de citit la următoarea pornire',
  'what.HeadwaterSyncsSlow': 'Durata sincronizării discului',
  'what.HeadwaterBackupOld': 'Ultima copie completă',
  'what.HeadwaterBackupFailed': 'Ultima încercare de copiere',
  'what.HeadwaterBackupDrillFailed': 'Ultimul exercițiu de restaurare',
  'what.HeadwaterArchivesFail': 'Conturi care nu au putut fi arhivate',
  'what.HeadwaterArchiveDrillsFail': 'Arhive care nu au putut fi restaurate',
  'what.HeadwaterArchivesLate': 'Arhivarea tuturor conturilor',
  'what.HeadwaterErrors': 'Erori de server',
  'what.HeadwaterErrorsOfOtherServices': 'Erori ale altor servicii',
  'what.HeadwaterPageErrors': 'Erori ale paginilor și la conectare',
  'what.HeadwaterOverloaded': 'Întârzierea buclei de evenimente',
  'what.HeadwaterTooManyAwake': 'Conturi treze',
  'what.HeadwaterAccountsPutToSleep': 'Conturi adormite pentru a face loc',
  'what.HeadwaterRateLimited': 'Apeluri limitate',
  'what.HeadwaterUnhandledRejections': 'Erori netratate',
  'what.HeadwaterEventsNotSequenced': 'Evenimente care nu sunt încă pe firehose',
  'what.HeadwaterUndeliveredEvents': 'Conturi cu evenimente nelivrate',
  'what.HeadwaterFirehoseLag': 'Întârzierea firehose-ului acestui gateway',
  'what.HeadwaterSubscriberLag': 'Întârzierea abonaților',
  'what.HeadwaterEventsNotTrimmed': 'Cel mai vechi eveniment din jurnal',
  'what.HeadwaterRelayThrottles': 'Conturi limitate de relee',
  'what.HeadwaterRelayLimitNear': 'Limitele de conturi ale releelor',
  'what.HeadwaterRelayStatus': 'Starea la relee',
  'what.HeadwaterRelayLag': 'Întârzierea releelor',
  'what.HeadwaterWebhooksWait': 'Livrări de webhookuri în așteptare',
  'what.HeadwaterWebhookDisabled': 'Webhookuri dezactivate',
  'advice.HeadwaterEngineDown':
    'Repornește singur în câteva secunde. Dacă nu ajută, verifică engine/engine.log din dosarul de date, memoria și spațiul pe disc.',
  'advice.HeadwaterEngineRestarts':
    'Verifică sfârșitul fișierului engine/engine.log din dosarul de date, memoria (dmesg numește procesele oprite din lipsa ei) și spațiul pe disc.',
  'advice.HeadwaterStorageDown':
    'writable: discul este plin, doar pentru citire sau defect. blobs: verifică dosarul sau bucketul. accountDb, sequencerDb: verifică motorul.',
  'advice.HeadwaterStoreLostItsEnd':
    'Cauza este o pană de curent cu PDS_DURABILITY=process, un disc care confirmă scrierile prea devreme sau o copie restaurată. Conturile își anunță din nou starea releelor.',
  'advice.HeadwaterDiskLow': 'Eliberează spațiu sau mărește volumul. Nu este nevoie de repornire.',
  'advice.HeadwaterDiskFullInADay':
    'Eliberează spațiu sau mărește volumul. Copiile vechi de pe același disc păstrează tabele pe care motorul le-a șters.',
  'advice.HeadwaterDiskFullInAMonth':
    'Mărește volumul din timp. Graficele de mai jos arată dacă cresc conturile sau evenimentele.',
  'advice.HeadwaterLongLog':
    'Următoarea pornire durează cu o secundă mai mult la fiecare 25 MB. Repornește serverul la o oră liniștită.',
  'advice.HeadwaterSyncsSlow':
    'Altceva ține discul ocupat, discul este defect (vezi dmesg) sau volumul de rețea este prea lent.',
  'advice.HeadwaterBackupOld':
    'headwater backup nu a fost rulat sau nu până la capăt. Verifică temporizatorul sau sarcina cron.',
  'advice.HeadwaterBackupFailed': 'Fă loc sau corectează comanda și ruleaz-o din nou.',
  'advice.HeadwaterBackupDrillFailed':
    'Copia nu poate fi restaurată așa cum este: fă una nouă și rulează headwater backup drill.',
  'advice.HeadwaterArchivesFail':
    'headwater archive list --failed arată motivele. Sunt încercate din nou în runda următoare.',
  'advice.HeadwaterArchiveDrillsFail':
    'headwater archive list --failed arată motivele. Fă o arhivă nouă cu headwater archive create, apoi headwater archive drill.',
  'advice.HeadwaterArchivesLate':
    'Niciun gateway nu arhivează conturi sau o rundă durează mai mult decât PDS_ARCHIVE_INTERVAL_HOURS. Vezi jurnalul.',
  'advice.HeadwaterErrors':
    'Jurnalul are câte un rând pentru fiecare, cu x-request-id. 503 înseamnă că serverul refuză lucru; 507 este discul.',
  'advice.HeadwaterErrorsOfOtherServices':
    'AppView, un serviciu de moderare sau directorul PLC are erori; jurnalul spune care.',
  'advice.HeadwaterPageErrors': 'Jurnalul are câte un rând pentru fiecare, cu x-request-id.',
  'advice.HeadwaterOverloaded':
    'Activează PDS_RATE_LIMITS_ENABLED. Mai multe procesoare ajută doar cu mai multe procese.',
  'advice.HeadwaterTooManyAwake':
    'Crește PDS_MAX_AWAKE_ACCOUNTS dacă există 1 MB de memorie pentru fiecare cont în plus. Dacă memoria e puțină, scade-l.',
  'advice.HeadwaterAccountsPutToSleep':
    'Sunt în uz mai multe conturi decât PDS_MAX_AWAKE_ACCOUNTS. Crește-l dacă există memorie.',
  'advice.HeadwaterRateLimited':
    'Pentru a excepta un client, setează PDS_RATE_LIMIT_BYPASS_IPS. Dacă toți clienții au aceeași adresă, setează PDS_TRUSTED_PROXIES.',
  'advice.HeadwaterUnhandledRejections':
    'Aceasta este o eroare de programare. Raportează urma de stivă din jurnal. Serverul funcționează în continuare.',
  'advice.HeadwaterEventsNotSequenced':
    'Înregistrările sunt stocate, dar nu ajung la relee: motorul sau secvențiatorul nu răspunde. Vezi jurnalul.',
  'advice.HeadwaterUndeliveredEvents':
    'De obicei, motorul sau secvențiatorul nu răspunde. Evenimentele sunt livrate mai târziu, în ordine.',
  'advice.HeadwaterFirehoseLag': 'Repornește acest gateway.',
  'advice.HeadwaterSubscriberLag':
    'Un abonat care rămâne prea mult în urmă este deconectat și se reconectează cu cursorul lui.',
  'advice.HeadwaterEventsNotTrimmed':
    'Normal dacă nu se scrie nimic sau dacă PDS_REPO_BACKFILL_LIMIT_MS depășește o zi. Altfel este o eroare de programare.',
  'advice.HeadwaterRelayThrottles':
    'Un releu limitează numărul de conturi ale unui server. Trimite operatorului lui cererea pregătită.',
  'advice.HeadwaterRelayLimitNear':
    'Cere o limită mai mare înainte să fie atinsă; cererea este pregătită.',
  'advice.HeadwaterRelayStatus':
    'Dacă acest server este offline acolo, verifică DNS, TLS și firewallul. Dacă este interzis, întreabă operatorul releului. Dacă este necunoscut, cere o parcurgere.',
  'advice.HeadwaterRelayLag':
    'Releul limitează evenimentele acestui server sau nu este conectat. Cere o parcurgere.',
  'advice.HeadwaterWebhooksWait':
    'Un punct de livrare nu răspunde sau nu cu 2xx. Livrările sunt reîncercate timp de trei zile.',
  'advice.HeadwaterWebhookDisabled':
    'Punctul de livrare a răspuns 410 sau a eșuat tot timpul timp de cinci zile. Repară-l, apoi activează-l: livrările continuă de unde s-au oprit.',
  noData: 'încă nu sunt date',
  ok: 'OK',
  failed: 'eșuat',
  none: 'niciunul',
  no: 'nu',
  noAnswer: 'nu răspunde',
  sinceStart: '{n} de la pornire',
  unusable: 'inutilizabil: {parts}',
  lastOnes: 'ultimele {time}',
  sizeFree: '{size} liberi',
  fullAtThisRate: 'da, în ritmul ultimei ore',
  old: 'vechime {age}',
  noArchives: 'nicio arhivă',
  late: '{time} întârziere',
  inTime: 'la timp',
  noneFailed: 'niciun eșec',
  failPerSecond: '{n} eșuează pe secundă',
  perSecond: '{n} pe secundă',
  ofTotal: '{n} din {total}',
  noneLastHour: 'niciuna în ultima oră',
  noCalls: 'niciun apel',
  nWaiting: '{n} în așteptare',
  atMost: 'cel mult {n}',
  noSubscribers: 'niciun abonat',
  slowestOf: '{time} la cel mai lent din {n}',
  closeTo: 'aproape de {limit} la {relay}',
  statusAt: '{status} la {relay}',
  noRelays: 'niciun releu configurat',
  'check.storage': 'stocare',
  'check.disk': 'disc',
  'check.mail': 'e-mail',
  'check.plc': 'directorul PLC',
  'check.keys': 'chei',
  'check.relays': 'relee',
  'check.relay': 'releul {relay}',
  seeLog: 'Vezi jurnalul serverului.',
  allUsable: 'Toate părțile sunt utilizabile.',
  notUsable: 'Inutilizabil: {parts}',
  isEngineUp:
    'Rulează motorul (RIVET_ENDPOINT, dacă este în altă parte)? Vezi jurnalul serverului.',
  spaceUnknown: 'Spațiul liber nu este cunoscut.',
  spaceFree: '{size} liberi pe volumul dosarului de date',
  makeRoom: 'Fă loc sau treci la un volum mai mare.',
  mailsWritten: 'E-mailurile sunt scrise în {folder} și nu sunt trimise.',
  setMail: 'Setează PDS_EMAIL_SMTP_URL și PDS_EMAIL_FROM_ADDRESS.',
  mailAccepted: 'Serverul de e-mail acceptă conectarea; headwater mail test trimite un e-mail.',
  mailRefused: 'Serverul de e-mail refuză: {reason}',
  correctMail: 'Corectează PDS_EMAIL_SMTP_URL.',
  plcAnswers: 'Răspunde.',
  checkPlcCalls:
    'Verifică DNS-ul și firewallul pentru apelurile de pe această mașină și PDS_DID_PLC_URL.',
  ownKeys: 'Sunt cele cu care au fost scrise datele; nu există un cont did:plc pentru comparație.',
  rotationKeyMissing: 'Directorul PLC nu conține cheia de rotație a acestui server pentru {did}.',
  setRotationKey: 'Setează fosta valoare PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX.',
  signingKeyMissing: 'Documentul DID al {did} nu are cheia de semnare a contului.',
  keysAgree: 'Sunt cele cu care au fost scrise datele, iar directorul PLC corespunde pentru {did}.',
  noRelayAsked: 'Niciunui releu nu i se cere să parcurgă acest server.',
  setCrawlers: 'Setează PDS_CRAWLERS, de exemplu la https://bsky.network.',
  checkRelayCalls:
    'Verifică DNS-ul și firewallul pentru apelurile de pe această mașină și PDS_CRAWLERS.',
  statusThere: 'Starea acestui server acolo: {status}',
  knowsServer: 'Cunoaște acest server.',
  behind: '{time} în urmă',
  throttledThere: 'Conturi limitate acolo: {n}. Ce scriu ele nu este transmis mai departe.',
  limitNear: 'Conturi: {n}. Este posibil ca releul să nu accepte mai mult de {limit}.',
  unreachable: 'Nu poate fi contactat: {reason}',
}
