/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes plausible patients for tests and benches: names of many scripts with a few that are very common, the ages of
 * an ageing country, record numbers, phones, addresses, and encounters, conditions and observations with values as
 * wards see them. Each thing has its own small random state out of seed, patient and number. */
#include "people.h"

#include <string.h>

typedef struct {
  guint weight;
  const char *country, *dial;
  const char *const *families, *const *women, *const *men;
  const char *const *cities;
  gboolean east;         /* family name first, no blank in the text */
} Culture;

#define LIST(name) static const char *const name[]

LIST (en_families) = { "Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Robinson", "Wright",
  "Thompson", "Evans", "Walker", "White", "Roberts", "Green", "Hall", "Wood", "Jackson", "Clarke", "O'Brien", "O'Connor",
  "McCarthy", "Fitzgerald", "Ashworth", "Pemberton", "Hollingsworth", "Blackwood", "Cartwright", "Whitfield", NULL };
LIST (en_women) = { "Mary", "Margaret", "Susan", "Elizabeth", "Sarah", "Emma", "Olivia", "Charlotte", "Amelia", "Grace",
  "Siobhán", "Niamh", "Harriet", "Beatrice", "Philippa", NULL };
LIST (en_men) = { "John", "David", "Michael", "James", "Robert", "William", "Thomas", "Oliver", "George", "Harry", "Seán",
  "Rory", "Edmund", "Alistair", "Nigel", NULL };
LIST (en_cities) = { "Northbridge", "Ashford", "Millhaven", "Kingsport", NULL };
LIST (es_families) = { "García", "Rodríguez", "González", "Fernández", "López", "Martínez", "Sánchez", "Pérez", "Gómez",
  "Martín", "Jiménez", "Hernández", "Díaz", "Moreno", "Muñoz", "Álvarez", "Romero", "Núñez", "Ibáñez", "Peña", NULL };
LIST (es_women) = { "María", "Carmen", "Ana", "Isabel", "Dolores", "Pilar", "Lucía", "Sofía", "Inés", "Begoña", NULL };
LIST (es_men) = { "José", "Antonio", "Juan", "Manuel", "Francisco", "Jesús", "Ángel", "Joaquín", "Íñigo", "Ramón", NULL };
LIST (es_cities) = { "Villanueva", "Peñaflor", "Río Seco", NULL };
LIST (fr_families) = { "Martin", "Bernard", "Dubois", "Thomas", "Richard", "Petit", "Durand", "Leroy", "Moreau", "Lefèvre",
  "François", "Bérenger", "Gérard", "Châtelain", "Noël", "Besançon", "Lemaître", "Hébert", NULL };
LIST (fr_women) = { "Marie", "Françoise", "Hélène", "Zoé", "Chloé", "Anaïs", "Geneviève", "Jeanne-Marie", NULL };
LIST (fr_men) = { "Jean", "Pierre", "André", "René", "François", "Étienne", "Jérôme", "Jean-Luc", NULL };
LIST (fr_cities) = { "Saint-Éloi", "Beauval", "Crécy", NULL };
LIST (de_families) = { "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Meyer", "Wagner", "Becker", "Schulz", "Hoffmann",
  "Schäfer", "Koch", "Bauer", "Groß", "Weiß", "Jäger", "Krüger", "Kößler", "Strauß", "Müller-Lüdenscheidt", NULL };
LIST (de_women) = { "Ursula", "Karin", "Helga", "Sabine", "Käthe", "Jördis", "Renate", "Grete", NULL };
LIST (de_men) = { "Hans", "Peter", "Wolfgang", "Klaus", "Jürgen", "Günther", "Björn", "Götz", NULL };
LIST (de_cities) = { "Neustadt", "Grünau", "Altenfließ", NULL };
LIST (pl_families) = { "Nowak", "Kowalski", "Wiśniewski", "Wójcik", "Kamiński", "Zieliński", "Szymański", "Woźniak", "Dąbrowski",
  "Kozłowski", "Łukaszewicz", "Świątek", NULL };
LIST (pl_women) = { "Anna", "Małgorzata", "Agnieszka", "Łucja", "Żaneta", "Zofia", NULL };
LIST (pl_men) = { "Jan", "Stanisław", "Paweł", "Łukasz", "Michał", "Krzysztof", NULL };
LIST (pl_cities) = { "Nowa Wieś", "Zalesie", NULL };
LIST (nordic_families) = { "Hansen", "Johansen", "Olsen", "Larsen", "Nilsson", "Andersson", "Jørgensen", "Sørensen", "Åkerström",
  "Ødegård", "Lindström", "Virtanen", "Mäkinen", "Þórsdóttir", "Guðmundsson", NULL };
LIST (nordic_women) = { "Anne", "Ingrid", "Åse", "Sigrún", "Päivi", "Bjørg", "Maja", NULL };
LIST (nordic_men) = { "Lars", "Ole", "Bjørn", "Åke", "Søren", "Þór", "Jukka", NULL };
LIST (nordic_cities) = { "Fjordvik", "Ålholm", NULL };
LIST (pt_families) = { "Silva", "Santos", "Ferreira", "Pereira", "Oliveira", "Costa", "Rodrigues", "Conceição", "Gonçalves",
  "Araújo", "Magalhães", NULL };
LIST (pt_women) = { "Maria", "Conceição", "Luísa", "Inês", "Beatriz", NULL };
LIST (pt_men) = { "João", "António", "José", "Luís", "Sebastião", NULL };
LIST (pt_cities) = { "São Bento", "Vila Nova", NULL };
LIST (tr_families) = { "Yılmaz", "Kaya", "Demir", "Çelik", "Şahin", "Yıldız", "Öztürk", "Aydın", "Doğan", "Işık", NULL };
LIST (tr_women) = { "Fatma", "Ayşe", "Emine", "Gülşen", "Zeynep", NULL };
LIST (tr_men) = { "Mehmet", "Mustafa", "İbrahim", "Hüseyin", "Ömer", NULL };
LIST (tr_cities) = { "Yeşilköy", "Çamlıca", NULL };
LIST (vi_families) = { "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Đặng", "Bùi", NULL };
LIST (vi_women) = { "Thị Hoa", "Thị Lan", "Hương", "Thảo", "Ngọc Ánh", NULL };
LIST (vi_men) = { "Văn Nam", "Đức", "Hùng", "Quang Vinh", "Tuấn", NULL };
LIST (vi_cities) = { "An Phú", "Tân Bình", NULL };
LIST (zh_families) = { "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "欧阳", "司马", NULL };
LIST (zh_women) = { "秀英", "芳", "娜", "敏", "静", "丽", "桂英", "玉兰", "婷婷", "雪梅", "欣怡", NULL };
LIST (zh_men) = { "伟", "强", "磊", "军", "洋", "勇", "建国", "志强", "浩然", "子轩", "国强", NULL };
LIST (zh_cities) = { "新城", "平安", "东河", NULL };
LIST (ja_families) = { "佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤", "斎藤", NULL };
LIST (ja_women) = { "陽子", "恵子", "さくら", "美咲", "ひなた", "和子", NULL };
LIST (ja_men) = { "翔太", "健一", "大輔", "誠", "清", "タロウ", NULL };
LIST (ja_cities) = { "新町", "青葉", NULL };
LIST (ko_families) = { "김", "이", "박", "최", "정", "강", "조", "윤", NULL };
LIST (ko_women) = { "영희", "지은", "서연", "미숙", "하은", NULL };
LIST (ko_men) = { "민수", "영수", "준호", "성민", "도윤", NULL };
LIST (ko_cities) = { "한빛", "새마을", NULL };
LIST (ru_families) = { "Иванов", "Смирнов", "Кузнецов", "Попов", "Васильев", "Петров", "Соколов", "Михайлов", "Новиков", "Фёдоров",
  "Воробьёв", "Щербаков", "Шевченко", "Ковальчук", NULL };
LIST (ru_women) = { "Елена", "Ольга", "Наталья", "Анна", "Людмила", "Алёна", "Юлия", NULL };
LIST (ru_men) = { "Александр", "Сергей", "Дмитрий", "Андрей", "Фёдор", "Юрий", "Семён", NULL };
LIST (ru_cities) = { "Новосёлово", "Заречье", NULL };
LIST (el_families) = { "Παπαδόπουλος", "Γεωργίου", "Δημητρίου", "Οικονόμου", "Νικολάου", NULL };
LIST (el_women) = { "Μαρία", "Ελένη", "Αικατερίνη", "Σοφία", NULL };
LIST (el_men) = { "Γιώργος", "Δημήτρης", "Νίκος", "Ανδρέας", NULL };
LIST (el_cities) = { "Νέα Πόλη", NULL };
LIST (ar_families) = { "الأحمد", "الحسن", "العلي", "إبراهيم", "المصري", "الخطيب", "حسين", "عبد الله", "النجار", NULL };
LIST (ar_women) = { "فاطمة", "مريم", "عائشة", "زينب", "نور", "ليلى", NULL };
LIST (ar_men) = { "محمد", "أحمد", "علي", "عمر", "يوسف", "خالد", "مُحَمَّد", NULL };
LIST (ar_cities) = { "المدينة الجديدة", "الواحة", NULL };
LIST (he_families) = { "כהן", "לוי", "מזרחי", "פרץ", "ביטון", NULL };
LIST (he_women) = { "רחל", "שרה", "נועה", NULL };
LIST (he_men) = { "משה", "דוד", "יוסף", NULL };
LIST (he_cities) = { "גבעה", NULL };
LIST (hi_families) = { "शर्मा", "वर्मा", "सिंह", "गुप्ता", "कुमार", "यादव", "पटेल", "मिश्रा", NULL };
LIST (hi_women) = { "सुनीता", "प्रिया", "अंजलि", "गीता", "कविता", NULL };
LIST (hi_men) = { "राम", "राजेश", "अमित", "संजय", "विजय", NULL };
LIST (hi_cities) = { "रामपुर", "नयागाँव", NULL };
LIST (th_families) = { "ใจดี", "สุขสันต์", "ทองคำ", "แสงจันทร์", NULL };
LIST (th_women) = { "สมหญิง", "มาลี", "สุดา", NULL };
LIST (th_men) = { "สมชาย", "ประเสริฐ", "วิชัย", NULL };
LIST (th_cities) = { "บ้านใหม่", NULL };

#define C(w, country, dial, x, east) { w, country, dial, x##_families, x##_women, x##_men, x##_cities, east }
static const Culture cultures[] = {
  C (24, "GB", "+44", en, FALSE), C (12, "ES", "+34", es, FALSE), C (8, "FR", "+33", fr, FALSE), C (10, "DE", "+49", de, FALSE),
  C (4, "PL", "+48", pl, FALSE), C (4, "NO", "+47", nordic, FALSE), C (3, "PT", "+351", pt, FALSE), C (3, "TR", "+90", tr, FALSE),
  C (3, "VN", "+84", vi, FALSE), C (10, "CN", "+86", zh, TRUE), C (4, "JP", "+81", ja, TRUE), C (3, "KR", "+82", ko, TRUE),
  C (4, "RU", "+7", ru, FALSE), C (1, "GR", "+30", el, FALSE), C (4, "EG", "+20", ar, FALSE), C (1, "IL", "+972", he, FALSE),
  C (5, "IN", "+91", hi, FALSE), C (1, "TH", "+66", th, FALSE),
};

/* --- chance ----------------------------------------------------------------------------------------- */

/* SplitMix64: a state is one number, so that every thing begins with its own. */
typedef guint64 Chance;

static guint64
next (Chance *self)
{
  guint64 z = *self += G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT (0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT (0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static Chance
chance_of (guint32 seed, guint patient, guint kind, guint number)
{
  Chance self = ((guint64) seed << 32) ^ patient ^ ((guint64) kind << 56) ^ ((guint64) number << 40);

  next (&self);
  next (&self);
  return self;
}

static double
part (Chance *self)
{
  return (double) (next (self) >> 11) / (double) (G_GUINT64_CONSTANT (1) << 53);
}

static guint
below (Chance *self, guint n)
{
  return (guint) (part (self) * n);
}

/* About normal. */
static double
around (Chance *self, double mean, double deviation)
{
  double sum = 0;

  for (int i = 0; i < 6; i++)
    sum += part (self) - 0.5;
  return mean + deviation * sum * 1.41421356;
}

/* The first of a list are much more common than the last. */
static const char *
common (Chance *self, const char *const *list)
{
  double x = part (self);
  guint n = 0;

  while (list[n] != NULL)
    n++;
  return list[(guint) (x * x * n)];
}

static const Culture *
culture_of (Chance *self)
{
  guint sum = 0, at;

  for (guint i = 0; i < G_N_ELEMENTS (cultures); i++)
    sum += cultures[i].weight;
  at = below (self, sum);
  for (guint i = 0;; i++)
    {
      if (at < cultures[i].weight)
        return &cultures[i];
      at -= cultures[i].weight;
    }
}

/* Five years a step: an ageing country, as its hospitals see it. */
static int
age_days (Chance *self)
{
  static const guint8 bands[] = { 46, 48, 50, 51, 54, 58, 62, 63, 62, 64, 68, 70, 64, 56, 50, 42, 30, 18, 8, 2, 1 };
  guint sum = 0, at;

  for (guint i = 0; i < sizeof bands; i++)
    sum += bands[i];
  at = below (self, sum);
  for (guint i = 0;; i++)
    {
      if (at < bands[i])
        return (int) ((i * 5 + part (self) * 5) * 365.2425);
      at -= bands[i];
    }
}

static void
add_day (GString *out, gint64 us)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (us / G_USEC_PER_SEC);

  g_string_append_printf (out, "%04d-%02d-%02d", g_date_time_get_year (time), g_date_time_get_month (time),
                          g_date_time_get_day_of_month (time));
}

static void
add_instant (GString *out, gint64 us)
{
  gint64 second = us / G_USEC_PER_SEC % 86400;

  add_day (out, us);
  g_string_append_printf (out, "T%02d:%02d:%02dZ", (int) (second / 3600), (int) (second / 60 % 60), (int) (second % 60));
}

#define DAY_US (86400 * (gint64) G_USEC_PER_SEC)

/* --- resources -------------------------------------------------------------------------------------- */

char *
people_id (guint patient)
{
  return g_strdup_printf ("p%07u", patient);
}

static void
add_meta (GString *out, const char *type, const char *id, gint64 us)
{
  g_string_append_printf (out, "{\"resourceType\":\"%s\",\"id\":\"%s\",\"meta\":{\"versionId\":\"1\",\"lastUpdated\":\"", type, id);
  add_instant (out, us);
  g_string_append (out, "\"}");
}

char *
people_patient (guint32 seed, guint patient)
{
  Chance chance = chance_of (seed, patient, 1, 0);
  const Culture *culture = culture_of (&chance);
  double sex = part (&chance);
  gboolean woman = sex < 0.5 || (sex > 0.99 && part (&chance) < 0.5);
  const char *family = common (&chance, culture->families);
  const char *given = common (&chance, woman ? culture->women : culture->men);
  const char *second = !culture->east && part (&chance) < 0.3 ? common (&chance, woman ? culture->women : culture->men) : NULL;
  int days = age_days (&chance);
  gint64 born = PEOPLE_NOW_US - days * DAY_US;
  gint64 updated = PEOPLE_NOW_US - (gint64) (part (&chance) * 900 * DAY_US);
  g_autofree char *id = people_id (patient);
  GString *out = g_string_sized_new (1000);

  add_meta (out, "Patient", id, updated);
  g_string_append_printf (out, ",\"identifier\":[{\"type\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v2-0203\","
                               "\"code\":\"MR\"}]},\"system\":\"urn:example:mrn\",\"value\":\"%04u-%04u\"}],\"active\":true,\"name\":[{"
                               "\"use\":\"official\"", (guint) (next (&chance) % 9000) + 1000, patient % 10000);
  if (culture->east)
    g_string_append_printf (out, ",\"text\":\"%s%s\"", family, given);
  g_string_append_printf (out, ",\"family\":\"%s\",\"given\":[\"%s\"", family, given);
  if (second != NULL && !g_str_equal (second, given))
    g_string_append_printf (out, ",\"%s\"", second);
  g_string_append_printf (out, "]}],\"telecom\":[{\"system\":\"phone\",\"value\":\"%s %03u %06u\",\"use\":\"mobile\"}", culture->dial,
                          below (&chance, 900) + 100, below (&chance, 1000000));
  if (part (&chance) < 0.3)
    g_string_append_printf (out, ",{\"system\":\"email\",\"value\":\"person%u@example.org\"}", patient);
  g_string_append_printf (out, "],\"gender\":\"%s\"", sex < 0.495 ? "female" : sex < 0.99 ? "male" : sex < 0.995 ? "other" : "unknown");
  /* A few know their year or month only, very few nothing. */
  if (part (&chance) > 0.005)
    {
      gsize start;

      g_string_append (out, ",\"birthDate\":\"");
      start = out->len;
      add_day (out, born);
      if (part (&chance) < 0.01)
        g_string_truncate (out, start + (part (&chance) < 0.5 ? 4 : 7));
      g_string_append_c (out, '"');
    }
  if (days > 65 * 365 && part (&chance) < 0.08)
    {
      g_string_append (out, ",\"deceasedDateTime\":\"");
      add_day (out, PEOPLE_NOW_US - (gint64) (part (&chance) * 1500 * DAY_US));
      g_string_append_c (out, '"');
    }
  g_string_append_printf (out, ",\"address\":[{\"line\":[\"%u %s\"],\"city\":\"%s\",\"postalCode\":\"%05u\",\"country\":\"%s\"}]}",
                          below (&chance, 200) + 1, common (&chance, culture->cities), common (&chance, culture->cities),
                          below (&chance, 100000), culture->country);
  return g_string_free (out, FALSE);
}

char *
people_encounter (guint32 seed, guint patient, guint number)
{
  static const char *const classes[] = { "AMB", "AMB", "AMB", "IMP", "EMER" };
  Chance chance = chance_of (seed, patient, 2, number);
  gint64 start = PEOPLE_NOW_US - (gint64) (part (&chance) * part (&chance) * 2000 * DAY_US);
  const char *class = classes[below (&chance, G_N_ELEMENTS (classes))];
  gint64 end = start + (gint64) (*class == 'I' ? part (&chance) * 12 * DAY_US : part (&chance) * DAY_US / 8);
  gboolean open = end > PEOPLE_NOW_US || part (&chance) < 0.02;
  g_autofree char *id = g_strdup_printf ("p%07u-enc-%u", patient, number);
  GString *out = g_string_sized_new (600);

  add_meta (out, "Encounter", id, MIN (end, PEOPLE_NOW_US));
  g_string_append_printf (out, ",\"status\":\"%s\",\"class\":{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\","
                               "\"code\":\"%s\"},\"subject\":{\"reference\":\"Patient/p%07u\"},\"period\":{\"start\":\"",
                          open ? "in-progress" : part (&chance) < 0.02 ? "cancelled" : "finished", class, patient);
  add_instant (out, start);
  if (!open)
    {
      g_string_append (out, "\",\"end\":\"");
      add_instant (out, end);
    }
  g_string_append (out, "\"}}");
  return g_string_free (out, FALSE);
}

char *
people_condition (guint32 seed, guint patient, guint number)
{
  static const struct { const char *code, *text; } conditions[] = {
    { "38341003", "Hypertension" }, { "44054006", "Type 2 diabetes" }, { "195967001", "Asthma" },
    { "13645005", "COPD" }, { "49436004", "Atrial fibrillation" }, { "84114007", "Heart failure" },
    { "709044004", "Chronic kidney disease" }, { "233604007", "Pneumonia" },
  };
  Chance chance = chance_of (seed, patient, 3, number);
  guint which = (guint) (part (&chance) * part (&chance) * G_N_ELEMENTS (conditions));
  gint64 onset = PEOPLE_NOW_US - (gint64) (part (&chance) * 5000 * DAY_US);
  g_autofree char *id = g_strdup_printf ("p%07u-con-%u", patient, number);
  GString *out = g_string_sized_new (600);

  add_meta (out, "Condition", id, onset);
  g_string_append_printf (out, ",\"clinicalStatus\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                               "condition-clinical\",\"code\":\"%s\"}]},\"code\":{\"coding\":[{\"system\":\"http://snomed.info/sct\","
                               "\"code\":\"%s\",\"display\":\"%s\"}]},\"subject\":{\"reference\":\"Patient/p%07u\"},\"onsetDateTime\":\"",
                          part (&chance) < 0.7 ? "active" : "resolved", conditions[which].code, conditions[which].text, patient);
  add_day (out, onset);
  g_string_append (out, "\"}");
  return g_string_free (out, FALSE);
}

char *
people_observation (guint32 seed, guint patient, guint number)
{
  static const struct { const char *code, *text, *unit, *other; double mean, deviation, factor, offset; int decimals; } kinds[] = {
    { "8867-4", "Heart rate", "/min", NULL, 78, 14, 1, 0, 0 },
    { "8310-5", "Body temperature", "Cel", "[degF]", 37, 0.6, 1.8, 32, 1 },
    { "59408-5", "Oxygen saturation", "%", NULL, 96, 2, 1, 0, 0 },
    { "9279-1", "Respiratory rate", "/min", NULL, 16, 3, 1, 0, 0 },
    { "29463-7", "Body weight", "kg", "[lb_av]", 74, 15, 2.20462262, 0, 1 },
    { "8302-2", "Body height", "cm", "[in_i]", 170, 10, 0.393700787, 0, 1 },
    { "2345-7", "Glucose", "mg/dL", NULL, 110, 30, 1, 0, 0 },
    { "2823-3", "Potassium", "mmol/L", NULL, 4.2, 0.4, 1, 0, 1 },
    { "718-7", "Haemoglobin", "g/dL", "g/L", 13.4, 1.6, 10, 0, 1 },
    { "8480-6", "Systolic blood pressure", "mm[Hg]", "kPa", 128, 16, 0.133322, 0, 0 },
  };
  Chance chance = chance_of (seed, patient, 4, number);
  guint which = below (&chance, G_N_ELEMENTS (kinds));
  gboolean other = kinds[which].other != NULL && part (&chance) < 0.15;
  double value = around (&chance, kinds[which].mean, kinds[which].deviation);
  gint64 time = PEOPLE_NOW_US - (gint64) (part (&chance) * part (&chance) * 2000 * DAY_US);
  g_autofree char *id = g_strdup_printf ("p%07u-obs-%u", patient, number);
  GString *out = g_string_sized_new (800);
  char digits[40];

  if (other)
    value = value * kinds[which].factor + kinds[which].offset;
  g_ascii_formatd (digits, sizeof digits, other || kinds[which].decimals > 0 ? "%.1f" : "%.0f", value);
  add_meta (out, "Observation", id, time);
  g_string_append_printf (out, ",\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                               "observation-category\",\"code\":\"%s\"}]}],\"code\":{\"coding\":[{\"system\":\"http://loinc.org\","
                               "\"code\":\"%s\",\"display\":\"%s\"}]},\"subject\":{\"reference\":\"Patient/p%07u\"},\"encounter\":{"
                               "\"reference\":\"Encounter/p%07u-enc-%u\"},\"effectiveDateTime\":\"",
                          which < 6 || which == 9 ? "vital-signs" : "laboratory", kinds[which].code, kinds[which].text, patient,
                          patient, number / 8);
  add_instant (out, time);
  g_string_append_printf (out, "\",\"valueQuantity\":{\"value\":%s,\"unit\":\"%s\",\"system\":\"http://unitsofmeasure.org\","
                               "\"code\":\"%s\"}}", digits, other ? kinds[which].other : kinds[which].unit,
                          other ? kinds[which].other : kinds[which].unit);
  return g_string_free (out, FALSE);
}
