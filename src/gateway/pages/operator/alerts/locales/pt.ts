/** The texts of alerts and checks in Portuguese. */
import type { AlertTexts } from '#src/gateway/pages/operator/alerts/locales/en.ts'

export const pt: AlertTexts = {
  'what.HeadwaterEngineDown': 'Motor',
  'what.HeadwaterEngineRestarts': 'Reinícios do motor',
  'what.HeadwaterStorageDown': 'Armazenamento',
  'what.HeadwaterStoreLostItsEnd': 'Dados perdidos antes do último início',
  'what.HeadwaterDiskLow': 'Espaço livre em disco',
  'what.HeadwaterDiskFullInADay': 'Disco cheio em um dia',
  'what.HeadwaterDiskFullInAMonth': 'Disco cheio em um mês',
  'what.HeadwaterLongLog': 'Log a ler no próximo início',
  'what.HeadwaterSyncsSlow': 'Tempo de sincronização do disco',
  'what.HeadwaterBackupOld': 'Último backup completo',
  'what.HeadwaterBackupFailed': 'Última tentativa de backup',
  'what.HeadwaterBackupDrillFailed': 'Último ensaio de restauração',
  'what.HeadwaterArchivesFail': 'Contas que não puderam ser arquivadas',
  'what.HeadwaterArchiveDrillsFail': 'Arquivos que não puderam ser restaurados',
  'what.HeadwaterArchivesLate': 'Arquivamento de todas as contas',
  'what.HeadwaterErrors': 'Erros do servidor',
  'what.HeadwaterErrorsOfOtherServices': 'Erros de outros serviços',
  'what.HeadwaterPageErrors': 'Erros de páginas e de acesso',
  'what.HeadwaterOverloaded': 'Atraso do loop de eventos',
  'what.HeadwaterTooManyAwake': 'Contas acordadas',
  'what.HeadwaterAccountsPutToSleep': 'Contas adormecidas para abrir espaço',
  'what.HeadwaterRateLimited': 'Chamadas limitadas',
  'what.HeadwaterUnhandledRejections': 'Erros não tratados',
  'what.HeadwaterEventsNotSequenced': 'Eventos que ainda não estão no firehose',
  'what.HeadwaterUndeliveredEvents': 'Contas com eventos não entregues',
  'what.HeadwaterFirehoseLag': 'Atraso do firehose deste gateway',
  'what.HeadwaterSubscriberLag': 'Atraso dos assinantes',
  'what.HeadwaterEventsNotTrimmed': 'Evento mais antigo do log',
  'what.HeadwaterRelayThrottles': 'Contas limitadas por relays',
  'what.HeadwaterRelayLimitNear': 'Limites de contas dos relays',
  'what.HeadwaterRelayStatus': 'Estado nos relays',
  'what.HeadwaterRelayLag': 'Atraso dos relays',
  'what.HeadwaterWebhooksWait': 'Entregas de webhooks aguardando',
  'what.HeadwaterWebhookDisabled': 'Webhooks desativados',
  'advice.HeadwaterEngineDown':
    'Ele reinicia sozinho em segundos. Se não ajudar, verifique engine/engine.log na pasta de dados, a memória e o espaço em disco.',
  'advice.HeadwaterEngineRestarts':
    'Verifique o fim de engine/engine.log na pasta de dados, a memória (dmesg nomeia os processos encerrados por falta dela) e o espaço em disco.',
  'advice.HeadwaterStorageDown':
    'writable: o disco está cheio, somente para leitura ou falhando. blobs: verifique a pasta ou o bucket. accountDb, sequencerDb: verifique o motor.',
  'advice.HeadwaterStoreLostItsEnd':
    'A causa é uma queda de energia com PDS_DURABILITY=process, um disco que confirma gravações cedo demais ou um backup restaurado. As contas anunciam seu estado de novo aos relays.',
  'advice.HeadwaterDiskLow': 'Libere espaço ou amplie o volume. Não é preciso reiniciar.',
  'advice.HeadwaterDiskFullInADay':
    'Libere espaço ou amplie o volume. Backups antigos no mesmo disco retêm tabelas que o motor excluiu.',
  'advice.HeadwaterDiskFullInAMonth':
    'Amplie o volume a tempo. Os gráficos abaixo mostram se crescem as contas ou os eventos.',
  'advice.HeadwaterLongLog':
    'O próximo início demora um segundo a mais a cada 25 MB. Reinicie o servidor em um horário calmo.',
  'advice.HeadwaterSyncsSlow':
    'Outra coisa ocupa o disco, o disco está falhando (veja dmesg), ou o volume de rede é lento demais.',
  'advice.HeadwaterBackupOld':
    'headwater backup não foi executado, ou não até o fim. Verifique o timer ou a tarefa cron.',
  'advice.HeadwaterBackupFailed': 'Abra espaço, ou corrija o comando, e execute-o de novo.',
  'advice.HeadwaterBackupDrillFailed':
    'O backup não pode ser restaurado como está: faça um novo e execute headwater backup drill.',
  'advice.HeadwaterArchivesFail':
    'headwater archive list --failed mostra os motivos. Elas são tentadas de novo na próxima rodada.',
  'advice.HeadwaterArchiveDrillsFail':
    'headwater archive list --failed mostra os motivos. Faça um novo arquivo com headwater archive create e depois headwater archive drill.',
  'advice.HeadwaterArchivesLate':
    'Nenhum gateway arquiva contas, ou uma rodada demora mais que PDS_ARCHIVE_INTERVAL_HOURS. Veja o log.',
  'advice.HeadwaterErrors':
    'O log tem uma linha para cada um, com x-request-id. 503 é o servidor recusando trabalho; 507 é o disco.',
  'advice.HeadwaterErrorsOfOtherServices':
    'A AppView, um serviço de moderação ou o diretório PLC está falhando; o log diz qual.',
  'advice.HeadwaterPageErrors': 'O log tem uma linha para cada um, com x-request-id.',
  'advice.HeadwaterOverloaded':
    'Ative PDS_RATE_LIMITS_ENABLED. Mais processadores só ajudam com vários processos.',
  'advice.HeadwaterTooManyAwake':
    'Aumente PDS_MAX_AWAKE_ACCOUNTS se houver 1 MB de memória para cada conta adicional. Se faltar memória, diminua.',
  'advice.HeadwaterAccountsPutToSleep':
    'Há mais contas em uso que PDS_MAX_AWAKE_ACCOUNTS. Aumente se houver memória.',
  'advice.HeadwaterRateLimited':
    'Para isentar um cliente, defina PDS_RATE_LIMIT_BYPASS_IPS. Se todos os clientes têm o mesmo endereço, defina PDS_TRUSTED_PROXIES.',
  'advice.HeadwaterUnhandledRejections':
    'Isto é um defeito. Relate o rastreamento de pilha do log. O servidor continua funcionando.',
  'advice.HeadwaterEventsNotSequenced':
    'Os registros são guardados, mas não chegam aos relays: o motor ou o sequenciador não responde. Veja o log.',
  'advice.HeadwaterUndeliveredEvents':
    'Em geral, o motor ou o sequenciador não responde. Os eventos são entregues depois, em ordem.',
  'advice.HeadwaterFirehoseLag': 'Reinicie este gateway.',
  'advice.HeadwaterSubscriberLag':
    'Um assinante que se atrasa demais é desconectado e se reconecta com seu cursor.',
  'advice.HeadwaterEventsNotTrimmed':
    'Normal se nada é escrito, ou se PDS_REPO_BACKFILL_LIMIT_MS é maior que um dia. Caso contrário, é um defeito.',
  'advice.HeadwaterRelayThrottles':
    'Um relay limita o número de contas de um servidor. Envie ao operador o pedido preparado.',
  'advice.HeadwaterRelayLimitNear':
    'Peça um limite maior antes de atingi-lo; o pedido está preparado.',
  'advice.HeadwaterRelayStatus':
    'Se este servidor está offline lá, verifique DNS, TLS e o firewall. Se está banido, pergunte ao operador do relay. Se é desconhecido, peça um rastreamento.',
  'advice.HeadwaterRelayLag':
    'O relay limita os eventos deste servidor, ou não está conectado. Peça um rastreamento.',
  'advice.HeadwaterWebhooksWait':
    'Um endpoint não responde, ou não com 2xx. As entregas são tentadas de novo por três dias.',
  'advice.HeadwaterWebhookDisabled':
    'O endpoint respondeu 410, ou só falhou por cinco dias. Corrija-o e ative-o: as entregas continuam de onde pararam.',
  noData: 'ainda sem dados',
  ok: 'OK',
  failed: 'com falha',
  none: 'nenhum',
  no: 'não',
  noAnswer: 'não responde',
  sinceStart: '{n} desde o início',
  unusable: 'indisponível: {parts}',
  lastOnes: 'os últimos {time}',
  sizeFree: '{size} livres',
  fullAtThisRate: 'sim, no ritmo da última hora',
  old: 'há {age}',
  noArchives: 'sem arquivos',
  late: '{time} de atraso',
  inTime: 'em dia',
  noneFailed: 'nenhuma falha',
  failPerSecond: '{n} falham por segundo',
  perSecond: '{n} por segundo',
  ofTotal: '{n} de {total}',
  noneLastHour: 'nenhum na última hora',
  noCalls: 'sem chamadas',
  nWaiting: '{n} aguardando',
  atMost: 'no máximo {n}',
  noSubscribers: 'sem assinantes',
  slowestOf: '{time} no mais lento de {n}',
  closeTo: 'perto de {limit} em {relay}',
  statusAt: '{status} em {relay}',
  noRelays: 'nenhum relay configurado',
  'check.storage': 'armazenamento',
  'check.disk': 'disco',
  'check.mail': 'e-mail',
  'check.plc': 'diretório PLC',
  'check.keys': 'chaves',
  'check.relays': 'relays',
  'check.relay': 'relay {relay}',
  seeLog: 'Veja o log do servidor.',
  allUsable: 'Todas as partes estão disponíveis.',
  notUsable: 'Indisponível: {parts}',
  isEngineUp:
    'O motor está funcionando (RIVET_ENDPOINT, se estiver em outro lugar)? Veja o log do servidor.',
  spaceUnknown: 'O espaço livre não é conhecido.',
  spaceFree: '{size} livres no volume da pasta de dados',
  makeRoom: 'Abra espaço, ou mude para um volume maior.',
  mailsWritten: 'Os e-mails são gravados em {folder} e não são enviados.',
  setMail: 'Defina PDS_EMAIL_SMTP_URL e PDS_EMAIL_FROM_ADDRESS.',
  mailAccepted: 'O servidor de e-mail aceita o login; headwater mail test envia um e-mail.',
  mailRefused: 'O servidor de e-mail recusa: {reason}',
  correctMail: 'Corrija PDS_EMAIL_SMTP_URL.',
  plcAnswers: 'Ele responde.',
  checkPlcCalls: 'Verifique DNS e firewall para chamadas desta máquina, e PDS_DID_PLC_URL.',
  ownKeys: 'São as mesmas com que os dados foram gravados; não há conta did:plc para comparar.',
  rotationKeyMissing: 'O diretório PLC não lista a chave de rotação deste servidor para {did}.',
  setRotationKey: 'Defina o PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX anterior.',
  signingKeyMissing: 'O documento DID de {did} não tem a chave de assinatura da conta.',
  keysAgree: 'São as mesmas com que os dados foram gravados, e o diretório PLC confere para {did}.',
  noRelayAsked: 'Nenhum relay é chamado a rastrear este servidor.',
  setCrawlers: 'Defina PDS_CRAWLERS, por exemplo como https://bsky.network.',
  checkRelayCalls: 'Verifique DNS e firewall para chamadas desta máquina, e PDS_CRAWLERS.',
  statusThere: 'Estado deste servidor lá: {status}',
  knowsServer: 'Ele conhece este servidor.',
  behind: '{time} de atraso',
  throttledThere: 'Contas limitadas lá: {n}. O que elas escrevem não é repassado.',
  limitNear: 'Contas: {n}. O relay talvez não aceite mais de {limit}.',
  unreachable: 'Não é possível alcançá-lo: {reason}',
}
