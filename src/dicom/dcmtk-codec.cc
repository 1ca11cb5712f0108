/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JPEG and JPEG-LS by DCMTK's decoders. They are called for one codestream at a time and not through its codec
 * registry: what the image must be is then decided here from the codestream, frames can be decoded by any number of
 * workers, and no hostile data set is parsed twice. */
#include "dicom/dcmtk-private.h"

#include <memory>

#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcpixseq.h"
#include "dcmtk/dcmdata/dcpxitem.h"
#include "dcmtk/dcmjpeg/djcparam.h"
#include "dcmtk/dcmjpeg/djdijg12.h"
#include "dcmtk/dcmjpeg/djdijg16.h"
#include "dcmtk/dcmjpeg/djdijg8.h"
#include "dcmtk/dcmjpls/djcodecd.h"
#include "dcmtk/dcmjpls/djcparam.h"

static const Uint32 max_size = 0x7FFFFFF0u;

extern "C" char *
rounds_dcmtk_decode_jpeg (const guint8 *data, gsize size, guint precision, gboolean lossless, gboolean ybr,
                          guint8 *out, gsize out_size)
{
  try
    {
      rounds_dcmtk_quiet ();
      if (size > max_size || out_size > max_size)
        return g_strdup ("too large");
      DJCodecParameter parameter (ECC_lossyYCbCr, EDC_photometricInterpretation, EUC_never, EPC_colorByPixel);
      std::unique_ptr<DJDecoder> decoder;
      if (precision <= 8)
        decoder.reset (new DJDecompressIJG8Bit (parameter, ybr));
      else if (precision <= 12)
        decoder.reset (new DJDecompressIJG12Bit (parameter, ybr));
      else if (lossless)
        decoder.reset (new DJDecompressIJG16Bit (parameter, ybr));
      else
        return g_strdup ("no lossy JPEG has more than 12 bits");
      OFCondition result = decoder->init ();
      if (result.good ())
        result = decoder->decode (const_cast<Uint8 *> (data), static_cast<Uint32> (size), out,
                                  static_cast<Uint32> (out_size), OFFalse);
      if (result == EJ_Suspension)
        return g_strdup ("the codestream ends too early");
      return result.good () ? nullptr : g_strdup (result.text ());
    }
  catch (...)
    {
      return g_strdup ("out of memory");
    }
}

extern "C" char *
rounds_dcmtk_decode_jpeg_ls (const guint8 *data, gsize size, guint rows, guint columns, guint samples,
                             guint precision, guint8 *out, gsize out_size)
{
  try
    {
      rounds_dcmtk_quiet ();
      if (size > max_size || out_size > max_size)
        return g_strdup ("too large");
      const Uint16 bits = precision <= 8 ? 8 : 16;
      DcmDataset set;
      /* VRs are given, so that no dictionary is loaded for them. */
      set.putAndInsertUint16 (DcmTag (DCM_SamplesPerPixel, EVR_US), static_cast<Uint16> (samples));
      set.putAndInsertUint16 (DcmTag (DCM_Rows, EVR_US), static_cast<Uint16> (rows));
      set.putAndInsertUint16 (DcmTag (DCM_Columns, EVR_US), static_cast<Uint16> (columns));
      set.putAndInsertUint16 (DcmTag (DCM_BitsAllocated, EVR_US), bits);
      set.putAndInsertUint16 (DcmTag (DCM_BitsStored, EVR_US), bits);
      set.putAndInsertString (DcmTag (DCM_PhotometricInterpretation, EVR_CS), samples == 1 ? "MONOCHROME2" : "RGB");
      if (samples > 1)
        set.putAndInsertUint16 (DcmTag (DCM_PlanarConfiguration, EVR_US), 0);

      DcmPixelSequence sequence (DcmTag (DCM_PixelData, EVR_OB));
      DcmPixelItem *table = new DcmPixelItem (DcmTag (DCM_PixelItemTag, EVR_OB));
      sequence.insert (table);
      DcmPixelItem *fragment = new DcmPixelItem (DcmTag (DCM_PixelItemTag, EVR_OB));
      sequence.insert (fragment);
      OFCondition result = fragment->putUint8Array (data, static_cast<unsigned long> (size));

      DJLSCodecParameter parameter (EJLSUC_never, EJLSPC_colorByPixel, OFTrue);
      DJLSLosslessDecoder decoder;
      Uint32 start = 1;
      OFString model;
      if (result.good ())
        result = decoder.decodeFrame (nullptr, &sequence, &parameter, &set, 0, start, out,
                                      static_cast<Uint32> (out_size), model);
      return result.good () ? nullptr : g_strdup (result.text ());
    }
  catch (...)
    {
      return g_strdup ("out of memory");
    }
}
