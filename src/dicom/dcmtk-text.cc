/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of DCMTK that know words: the data dictionary and the character sets. Its log is switched off at the
 * first call of any function of the face, since it would write values of the file to the terminal. */
#include "dicom/dcmtk-private.h"

#include <cstring>
#include <mutex>

#include "dcmtk/dcmdata/dcdict.h"
#include "dcmtk/dcmdata/dcdicent.h"
#include "dcmtk/dcmdata/dcspchrs.h"
#include "dcmtk/oflog/oflog.h"

void
rounds_dcmtk_quiet ()
{
  static std::once_flag once;
  std::call_once (once, [] { OFLog::configure (OFLogger::OFF_LOG_LEVEL); });
}

extern "C" void
rounds_dcmtk_dictionary_vr (guint32 tag, char vr[3])
{
  memcpy (vr, "UN", 3);
  try
    {
      rounds_dcmtk_quiet ();
      const DcmDataDictionary &dictionary = dcmDataDict.rdlock ();
      const DcmDictEntry *entry = dictionary.findEntry (DcmTagKey (static_cast<Uint16> (tag >> 16),
                                                                   static_cast<Uint16> (tag & 0xFFFF)), nullptr);
      if (entry != nullptr)
        {
          /* Words that may be US or SS, OB or OW, are named by what they are most often. */
          const DcmVR &found = entry->getVR ();
          const char *name = found.getValidVRName ();
          if (found.getEVR () == EVR_xs)
            name = "US";
          else if (found.getEVR () == EVR_ox || found.getEVR () == EVR_px || found.getEVR () == EVR_lt)
            name = "OW";
          if (name != nullptr && strlen (name) == 2)
            memcpy (vr, name, 3);
        }
      dcmDataDict.rdunlock ();
    }
  catch (...)
    {
    }
}

extern "C" char *
rounds_dcmtk_to_utf8 (const char *charset, const char *bytes, gsize length, const char *delimiters)
{
  try
    {
      rounds_dcmtk_quiet ();
      DcmSpecificCharacterSet converter;
      OFString out;
      if (converter.selectCharacterSet (charset).bad () ||
          converter.convertString (bytes, length, out, delimiters).bad ())
        return nullptr;
      return g_strndup (out.c_str (), out.length ());
    }
  catch (...)
    {
      return nullptr;
    }
}
