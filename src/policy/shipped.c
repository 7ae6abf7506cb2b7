#include "shipped.h"

#define PROFILE(file)                                                                \
	{                                                                            \
		"the profile " #file, sp_shipped_##file, &sp_shipped_##file##_length \
	}

const struct sp_shipped sp_shipped_profiles[] = { PROFILE(baseline),
	PROFILE(mozilla_modern), PROFILE(mozilla_intermediate), PROFILE(mozilla_old),
	PROFILE(pci_dss_4), PROFILE(nist_800_52r2), PROFILE(bsi_tr_02102_2) };
const size_t sp_shipped_profile_count =
    sizeof(sp_shipped_profiles) / sizeof(*sp_shipped_profiles);
